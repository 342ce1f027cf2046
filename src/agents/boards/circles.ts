import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import { philox } from "../../matrix/host/random.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Board } from "./board.ts";
import { spatialBoard } from "./kinds.ts";
import { Population } from "./population.ts";
import { Simulation } from "./simulation.ts";
import { post, react } from "./stages.ts";
import type { Value } from "./value.ts";

export interface CirclesOptions {
  readonly count: number;
  /** Default 3. */
  readonly dimensions?: 2 | 3 | undefined;
  /** How far agents see. Default 2. */
  readonly radius?: number | undefined;
  /** Agents in a unit of area or volume at the start. Default 1. */
  readonly density?: number | undefined;
  /** How strongly they push and pull. Default 0.05. */
  readonly strength?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

type Agent = { x: "f32"; y: "f32"; z: "f32"; drift: "f32" };

export interface Circles extends Disposable {
  dispose(): void;
  readonly agents: Population<Agent>;
  readonly board: Board;
  readonly simulation: Simulation;
  /** The length of space in each dimension; it begins at 0. */
  readonly size: number;
}

/**
 * The benchmark of FLAME GPU (Richmond, Chisholm, Heywood, Chimeh, Leach: "FLAME GPU 2", 2023): agents that start anywhere
 * pull each other from half of the radius on and push each other apart when nearer, so that they come to stand on circles or spheres. `drift`
 * is how far each moved in the last step. In two dimensions z stays 0.
 */
export async function circles(runtime: Runtime, options: CirclesOptions): Promise<Circles> {
  const { count, dimensions = 3, radius = 2, density = 1, strength = 0.05, seed = 1 } = options;
  const isCount = Number.isSafeInteger(count) && count >= 0 && count < 2 ** 28;
  const isDense = density > 0 && Number.isFinite(density) && Number.isFinite(strength);
  if (!isCount || !isDense || !Number.isSafeInteger(seed) || (dimensions !== 2 && dimensions !== 3)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `There are no ${count} circles in ${dimensions} dimensions of density ${density}, strength ${strength} and seed ${seed}`,
    });
  }
  const size = Math.max(radius, (Math.max(1, count) / density) ** (1 / dimensions));
  const axes = dimensions === 2 ? (["x", "y"] as const) : (["x", "y", "z"] as const);
  const starts = await scattered(count, size, axes, seed);
  const agents = new Population({
    count,
    fields: { x: "f32", y: "f32", z: "f32", drift: "f32" },
    values: starts,
    name: "circles",
  });
  const ends = { min: axes.map(() => 0), max: axes.map(() => size) };
  const board = spatialBoard({ ...ends, radius });
  const write = post(agents, board, (me) => Object.fromEntries(axes.map((axis) => [axis, me[axis]])));
  const move = react(
    agents,
    board,
    (_me, _message, near) => {
      const { distance } = near;
      const isOther = distance.greater(0);
      const pull = pulling(distance.times(1 / radius))
        .times(strength)
        .over(distance);
      const ways = { x: near.dx, y: near.dy, z: dimensions === 3 ? near.dz : near.dx };
      const sums = axes.map((axis) => [axis, near.sum(ways[axis].times(pull), isOther)] as const);
      return { ...Object.fromEntries(sums), others: near.count(isOther) };
    },
    (me, seen) => {
      const { others, ...sums } = seen as Record<"others", Value<"u32">> & Record<string, Value<"f32">>;
      const share = others.as("f32").atLeast(1);
      const steps = axes.map((axis) => (sums[axis] as Value<"f32">).over(share));
      const squared = steps.map((step) => step.times(step)).reduce((sum, each) => sum.plus(each));
      const moved = axes.map((axis, at) => [axis, me[axis].plus(steps[at] as Value<"f32">)] as const);
      return { ...Object.fromEntries(moved), drift: squared.sqrt() };
    },
  );
  const made = new Simulation(runtime, { stages: [write, move], seed });
  const dispose = () => {
    agents.dispose();
    board.dispose();
  };
  return {
    agents,
    board: board as unknown as Board,
    simulation: made,
    size,
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/**
 * `sin(-2 pi s)` for s from 0 to 1, by its series, so that it is the same on every device. Negative, which pushes, up to a
 * half.
 */
function pulling(s: Value<"f32">): Value<"f32"> {
  const t = s.minus(0.5);
  const right = t.greater(0.25).choose(t.negate().plus(0.5), t);
  const w = t.less(-0.25).choose(t.negate().minus(0.5), right);
  const square = w.times(w);
  let sum = square.times(series(11)).plus(series(9));
  for (const power of [7, 5, 3, 1]) sum = sum.times(square).plus(series(power));
  return sum.times(w);
}

/** Of sin(2 pi w). */
function series(power: number): number {
  let term = 1;
  for (let at = 1; at <= power; at++) term *= (2 * Math.PI) / at;
  return power % 4 === 1 ? term : -term;
}

/** Places from 0 before `size` along each axis, a block of Philox an agent. */
async function scattered(
  count: number,
  size: number,
  axes: readonly string[],
  seed: number,
): Promise<Readonly<Record<string, Float32Array>>> {
  const columns = axes.map(() => new Float32Array(count));
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  for (let agent = 0; agent < count; agent++) {
    const words = philox([agent, 0, 0, 0], key);
    for (const [at, column] of columns.entries()) column[agent] = ((words[at] ?? 0) >>> 8) * 2 ** -24 * size;
    if (agent % 1024 === 0 && isTurnLong()) await nextTurn();
  }
  return Object.fromEntries(axes.map((axis, at) => [axis, columns[at] as Float32Array]));
}
