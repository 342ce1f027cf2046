import {
  arrayBoard,
  bruteForceBoard,
  bucketBoard,
  graphBoard,
  population,
  post,
  react,
  type Simulation,
  simulation,
  spatialBoard,
} from "#src/agents/boards/index.js";
import type { Runtime } from "#src/runtime/index.js";
import { seeded } from "../../support/random.js";

/** A simulation in which each agent takes what it sees together, and who sees whom, by a rule of its own. */
export interface KindCase {
  readonly name: string;
  readonly make: (runtime: Runtime, count: number) => Made;
}

export interface Made extends Disposable {
  readonly simulation: Simulation;
  /** How many messages each agent saw, the sum of what they held, and a number that depends on their order. */
  readonly read: () => Promise<{ count: Uint32Array; sum: Uint32Array; hash: Uint32Array }>;
  /** How often agent `i` sees the message of agent `j`. */
  readonly sees: (i: number, j: number) => number;
  /** What agent `j` writes. */
  readonly held: (j: number) => number;
}

type Fields = { count: "u32"; sum: "u32"; hash: "u32"; held: "u32" };
const fields: Fields = { count: "u32", sum: "u32", hash: "u32", held: "u32" };

function made(
  runtime: Runtime,
  count: number,
  // The board's own types differ by kind; their place fields are the population's.
  board: ReturnType<typeof bruteForceBoard<{ held: "u32" }>>,
  places: Readonly<Record<string, Float32Array | Uint32Array>>,
  sees: (i: number, j: number) => number,
): Made {
  const random = seeded(count + 5);
  const held = Uint32Array.from({ length: count }, () => Math.floor(random() * 2 ** 32));
  const types = Object.fromEntries(
    Object.entries(places).map(([name, values]) => [name, values instanceof Float32Array ? "f32" : "u32"]),
  ) as Record<never, "u32">;
  const agents = population({
    count,
    fields: { ...fields, ...types },
    values: { held, ...places },
    name: "seers",
  });
  const own = (me: object) =>
    Object.fromEntries(Object.keys(places).map((name) => [name, (me as Record<string, never>)[name]]));
  const stages = [
    post(agents, board, (me) => ({ ...own(me), held: me.held })),
    react(
      agents,
      board,
      (_me, message, near) => ({
        count: near.count(),
        sum: near.sum(message.held),
        hash: near.fold("u32", 17, (hash) => hash.times(31).plus(message.held)),
      }),
      (_me, seen) => seen,
    ),
  ];
  return {
    simulation: simulation(runtime, { stages }),
    read: async () => ({
      count: await agents.read("count"),
      sum: await agents.read("sum"),
      hash: await agents.read("hash"),
    }),
    sees,
    held: (j) => held[j] ?? 0,
    [Symbol.dispose]: () => {
      agents.dispose();
      board.dispose();
    },
  };
}

type AnyBoard = ReturnType<typeof bruteForceBoard<{ held: "u32" }>>;

/** Some of them at borders of cells, some outside. */
function positions(count: number, dimensions: number, wrap: boolean): Float32Array[] {
  const random = seeded(count * dimensions + 1);
  return Array.from({ length: dimensions }, () =>
    Float32Array.from({ length: count }, (_, at) => {
      if (at % 7 === 0) return Math.floor(random() * 10);
      return wrap ? random() * 9.999 : random() * 14 - 2;
    }),
  );
}

function spatial(dimensions: 2 | 3, wrap: boolean): KindCase {
  return {
    name: `spatial ${dimensions}D${wrap ? ", wrapped" : ""}`,
    make: (runtime, count) => {
      const axes = positions(count, dimensions, wrap);
      const radius = Math.fround(1.3);
      const ends = { min: axes.map(() => 0), max: axes.map(() => 10) };
      const board = spatialBoard({ fields: { held: "u32" }, radius, ...ends, wrap });
      const sees = (i: number, j: number) => {
        let squared = 0;
        for (const [at, axis] of axes.entries()) {
          let way = Math.fround((axis[j] ?? 0) - (axis[i] ?? 0));
          if (wrap && way > 5) way = Math.fround(way - 10);
          else if (wrap && way < -5) way = Math.fround(way + 10);
          const square = Math.fround(way * way);
          squared = at === 0 ? square : Math.fround(squared + square);
        }
        return squared <= Math.fround(radius * radius) ? 1 : 0;
      };
      const places = Object.fromEntries(axes.map((axis, at) => ["xyz"[at] ?? "", axis]));
      return made(runtime, count, board as unknown as AnyBoard, places, sees);
    },
  };
}

interface ArrayCase {
  readonly size: readonly number[];
  readonly reach: number;
  readonly neighbourhood: "moore" | "vonNeumann";
  readonly wrap: boolean;
  readonly own?: boolean;
}

function array({ size, reach, neighbourhood, wrap, own = false }: ArrayCase): KindCase {
  return {
    name: `array of ${size.join(" x ")}, ${neighbourhood} ${reach}${wrap ? ", wrapped" : ""}${own ? ", own" : ""}`,
    make: (runtime, count) => {
      const places = size.reduce((product, each) => product * each, 1);
      const taken = shuffled(places).subarray(0, Math.min(count, places));
      let rest = Array.from(taken);
      const axes = size.map((each) => {
        const axis = Uint32Array.from(rest, (at) => at % each);
        rest = rest.map((at) => Math.floor(at / each));
        return axis;
      });
      const board = arrayBoard({ fields: { held: "u32" }, size, reach, neighbourhood, wrap, own });
      const sees = (i: number, j: number) => {
        if (i === j) return own ? 1 : 0;
        const ways = axes.map((axis, at) => {
          const straight = Math.abs((axis[i] ?? 0) - (axis[j] ?? 0));
          return wrap ? Math.min(straight, (size[at] ?? 0) - straight) : straight;
        });
        const far = neighbourhood === "moore" ? Math.max(...ways) : ways.reduce((sum, way) => sum + way, 0);
        return far <= reach ? 1 : 0;
      };
      const named = Object.fromEntries(axes.map((axis, at) => ["xyz"[at] ?? "", axis]));
      return made(runtime, taken.length, board as unknown as AnyBoard, named, sees);
    },
  };
}

function shuffled(count: number): Uint32Array {
  const random = seeded(count);
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [order[other] ?? 0, order[at] ?? 0];
  }
  return order;
}

const brute: KindCase = {
  name: "brute force",
  make: (runtime, count) => made(runtime, count, bruteForceBoard({ fields: { held: "u32" } }), {}, () => 1),
};

const bucket: KindCase = {
  name: "bucket",
  make: (runtime, count) => {
    const random = seeded(count + 3);
    const key = Uint32Array.from({ length: count }, () => Math.floor(random() ** 3 * 40));
    const board = bucketBoard({ buckets: 40, fields: { held: "u32" } });
    const sees = (i: number, j: number) => (key[i] === key[j] ? 1 : 0);
    return made(runtime, count, board as unknown as AnyBoard, { key }, sees);
  },
};

/** More agents than vertices, edges that are there twice, vertices without any. */
const graph: KindCase = {
  name: "graph",
  make: (runtime, count) => {
    const random = seeded(count + 9);
    const vertices = Math.max(1, Math.floor(count / 2));
    const lists = Array.from({ length: vertices }, (_, at) =>
      at % 3 === 1
        ? []
        : Array.from({ length: Math.floor(random() * 6) }, () => Math.floor(random() * vertices)),
    );
    const rowStarts = [0];
    for (const list of lists) rowStarts.push((rowStarts.at(-1) ?? 0) + list.length);
    const vertex = Uint32Array.from({ length: count }, () => Math.floor(random() * vertices));
    const board = graphBoard({ rowStarts, targets: lists.flat(), fields: { held: "u32" } });
    const sees = (i: number, j: number) =>
      (lists[vertex[i] ?? 0] ?? []).filter((target) => target === vertex[j]).length;
    return made(runtime, count, board as unknown as AnyBoard, { vertex }, sees);
  },
};

export const fewCases: readonly KindCase[] = [brute, spatial(2, false), spatial(3, true), graph];

export const moreCases: readonly KindCase[] = [
  bucket,
  spatial(2, true),
  spatial(3, false),
  array({ size: [300], reach: 2, neighbourhood: "moore", wrap: false }),
  array({ size: [3], reach: 2, neighbourhood: "moore", wrap: true }),
  array({ size: [20, 17], reach: 1, neighbourhood: "moore", wrap: true }),
  array({ size: [20, 17], reach: 3, neighbourhood: "vonNeumann", wrap: true, own: true }),
  array({ size: [9, 2, 8], reach: 2, neighbourhood: "vonNeumann", wrap: true }),
  array({ size: [7, 6, 8], reach: 1, neighbourhood: "moore", wrap: false }),
];

/** Of them, those for devices where every kernel takes seconds to compile. */
export const arrayCases = moreCases.filter(({ name }) => name.includes("9 x 2 x 8"));
