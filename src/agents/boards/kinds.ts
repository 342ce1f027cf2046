import { AikoError } from "../../errors.ts";
import { allocateHostArray } from "../../matrix/host-memory.ts";
import { Storage } from "../../matrix/storage.ts";
import { Board, type BoardOptions, baseForm } from "./board.ts";
import type { Fields } from "./fields.ts";

/** Every agent sees every message. */
export function bruteForceBoard<F extends Fields>(options: BoardOptions<F> = {}): Board<F> {
  return new Board<F>(baseForm("brute", options), {}, options);
}

export interface BucketOptions<F extends Fields> extends BoardOptions<F> {
  /** Keys are from 0 before this, at most 2^24. */
  readonly buckets: number;
}

/** Agents see the messages of one key. Messages and agents place themselves by `key`, u32. */
export function bucketBoard<F extends Fields>(options: BucketOptions<F>): Board<F & { key: "u32" }> {
  const cells = [wholeSize(options.buckets, "buckets"), 1, 1] as const;
  return new Board({ ...baseForm("bucket", options), cells }, { key: "u32" }, options);
}

export interface SpatialOptions<F extends Fields> extends BoardOptions<F> {
  /** How far agents see: messages at this distance or nearer. */
  readonly radius: number;
  /**
   * Where most agents are, in two or three dimensions. What is outside shares the cells at the edge and is seen as well as
   * anything else, only slower. With `wrap`, space ends here.
   */
  readonly min: readonly number[];
  readonly max: readonly number[];
  /** What leaves at one side comes in at the other: distances are the shorter way. Messages must be inside. */
  readonly wrap?: boolean | undefined;
}

type Space<F> = F & { x: "f32"; y: "f32"; z: "f32" };

const mostCells = 2 ** 22;
const mostAlong = 1024;
/** Along x, where cells follow each other in memory: agents look into less that is too far, in as many runs. */
const cellsARadius = 4;

/**
 * Agents see what is near. Messages and agents place themselves by `x`, `y` and, in three dimensions, `z`, f32. Cells are
 * a little longer than the radius, and longer still where there would be more than 4 million.
 */
export function spatialBoard<F extends Fields>(options: SpatialOptions<F>): Board<Space<F>> {
  const { radius, min, max, wrap = false } = options;
  const dimensions = min?.length;
  const rounded = Math.fround(radius);
  if ((dimensions !== 2 && dimensions !== 3) || max?.length !== dimensions) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A space from [${String(min)}] to [${String(max)}] has neither two nor three dimensions`,
    });
  }
  if (!(rounded > 0 && rounded < 1e18)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Agents cannot see ${radius} far`,
      hint: "The radius is a positive number below 1e18.",
    });
  }
  const origin = min.map(Math.fround);
  const period = max.map((end, axis) => Math.fround(Math.fround(end) - (origin[axis] ?? 0)));
  for (const [axis, length] of period.entries()) {
    if (!(length > 0 && length < Number.POSITIVE_INFINITY)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `A space from ${min[axis]} to ${max[axis]} along ${"xyz"[axis]} has no length`,
      });
    }
    if (wrap && rounded > length / 2) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Agents would see ${radius} far around a space of length ${length} along ${"xyz"[axis]}`,
        hint: "With wrap, the radius is at most half of each length.",
      });
    }
  }
  // A cell longer than the radius by 2^-10 keeps neighbours adjacent in spite of the rounding of up to 1,024 cells.
  let side = rounded * (1 + 2 ** -10);
  const along = (length: number, axis: number) => {
    const parts = axis === 0 ? cellsARadius : 1;
    return Math.max(1, Math.min(parts * mostAlong, Math.floor((parts * length) / side)));
  };
  const total = () => period.reduce((product, length, axis) => product * along(length, axis), 1);
  while (total() > mostCells) side *= 1.1;
  const counts = period.map(along);
  const cells = [counts[0] ?? 1, counts[1] ?? 1, counts[2] ?? 1] as const;
  const cellsPerUnit = period.map((length, axis) => Math.fround((counts[axis] ?? 1) / length));
  const form = {
    ...baseForm("spatial", options),
    dimensions: dimensions as 2 | 3,
    cells,
    reach: [cellsARadius, 1, 1] as const,
    wrap,
    origin,
    cellsPerUnit,
    period,
    radius: rounded,
  };
  const place = dimensions === 2 ? { x: "f32", y: "f32" } : { x: "f32", y: "f32", z: "f32" };
  return new Board<Space<F>>(form, place as Fields, options);
}

export interface ArrayOptions<F extends Fields> extends BoardOptions<F> {
  /** Places along each of one to three dimensions, at most 2^24 together. */
  readonly size: readonly number[];
  /** How far agents look. Default 1. */
  readonly reach?: number | undefined;
  /** All places within reach in every dimension, or those whose distances add up to no more. Default "moore". */
  readonly neighbourhood?: "moore" | "vonNeumann" | undefined;
  /** Whether the last place is next to the first. Default false. */
  readonly wrap?: boolean | undefined;
  /** Whether agents see the message at their own place. Default false. */
  readonly own?: boolean | undefined;
}

type Grid<F> = F & { x: "u32"; y: "u32"; z: "u32" };

/**
 * One message a place, and agents see those around them. Messages and agents place themselves by `x`, `y`, `z`, as many as
 * there are dimensions, u32. Two messages at one place are an error, INVALID_VALUE.
 */
export function arrayBoard<F extends Fields>(options: ArrayOptions<F>): Board<Grid<F>> {
  const { size, reach = 1, neighbourhood = "moore", wrap = false, own = false } = options;
  if (!Array.isArray(size) || size.length < 1 || size.length > 3) {
    throw new AikoError("INVALID_ARGUMENT", { message: `An array cannot have the size [${String(size)}]` });
  }
  for (const each of size) wholeSize(each, "places along a dimension");
  wholeSize(
    size.reduce((product: number, each: number) => product * each, 1),
    "places",
  );
  if (!(Number.isInteger(reach) && reach >= 0 && reach <= 1024)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Agents cannot look ${reach} places far`,
      hint: "reach is a whole number up to 1,024.",
    });
  }
  if (neighbourhood !== "moore" && neighbourhood !== "vonNeumann") {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `There is no neighbourhood "${String(neighbourhood)}"`,
      hint: 'Pass "moore" or "vonNeumann".',
    });
  }
  const cells = [size[0] ?? 1, size[1] ?? 1, size[2] ?? 1] as const;
  const form = {
    ...baseForm("array", options),
    dimensions: size.length as 1 | 2 | 3,
    cells,
    reach: [reach, reach, reach] as const,
    neighbourhood,
    wrap,
    own,
  };
  const place = Object.fromEntries([..."xyz"].slice(0, size.length).map((name) => [name, "u32" as const]));
  return new Board<Grid<F>>(form, place, options);
}

export interface GraphOptions<F extends Fields> extends BoardOptions<F> {
  /** Compressed rows: the edges of vertex v are `rowStarts[v]` before `rowStarts[v + 1]`. */
  readonly rowStarts: ArrayLike<number>;
  /** The vertex that each edge leads to. */
  readonly targets: ArrayLike<number>;
  /** A number for each edge. Default 1. */
  readonly weights?: ArrayLike<number> | undefined;
}

/** Agents see what was written at the ends of their vertex' edges. Messages and agents place themselves by `vertex`, u32. */
export function graphBoard<F extends Fields>(options: GraphOptions<F>): Board<F & { vertex: "u32" }> {
  const { rowStarts, targets, weights } = options;
  const vertices = wholeSize(rowStarts.length - 1, "vertices");
  const edges = targets.length;
  checkRows(rowStarts, edges);
  if (weights !== undefined && weights.length !== edges) {
    throw new AikoError("INVALID_ARGUMENT", { message: `${weights.length} weights for ${edges} edges` });
  }
  const words = allocateHostArray("u32", vertices + 1 + 2 * edges);
  words.set(rowStarts);
  for (let edge = 0; edge < edges; edge++) {
    const target = targets[edge] ?? Number.NaN;
    if (!(Number.isInteger(target) && target >= 0 && target < vertices)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Edge ${edge} leads to vertex ${target} of ${vertices}`,
      });
    }
    words[vertices + 1 + edge] = target;
  }
  const numbers = new Float32Array(words.buffer, words.byteOffset + (vertices + 1 + edges) * 4, edges);
  if (weights === undefined) numbers.fill(1);
  else numbers.set(weights);
  const form = { ...baseForm("graph", options), cells: [vertices, 1, 1] as const, vertices, edges };
  return new Board(form, { vertex: "u32" }, options, Storage.onHost(words, "u32"));
}

function checkRows(rowStarts: ArrayLike<number>, edges: number): void {
  let before = 0;
  for (let row = 0; row < rowStarts.length; row++) {
    const start = rowStarts[row] ?? Number.NaN;
    const isRight = row === 0 ? start === 0 : start >= before && start <= edges;
    if (!(isRight && Number.isInteger(start))) {
      throw new AikoError("INVALID_ARGUMENT", { message: `Row ${row} of the graph starts at edge ${start}` });
    }
    before = start;
  }
  if (before !== edges) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The rows of the graph end at edge ${before}, but there are ${edges}`,
    });
  }
}

function wholeSize(value: number, what: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= 2 ** 24) return value;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `There cannot be ${value} ${what}`,
    hint: "It is a whole number from 1 to 16,777,216.",
  });
}
