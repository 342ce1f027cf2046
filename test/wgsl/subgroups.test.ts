import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import { onEveryDevice } from "../support/devices.js";
import { seeded } from "../support/random.js";

/** One result a thread: the expression over `v` and `lane`, and what it is from the values of the subgroup's threads. */
interface Case {
  readonly text: string;
  readonly expected: (values: readonly number[], lane: number) => number | undefined;
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const bits = (combine: (a: number, b: number) => number) => (values: readonly number[]) =>
  values.reduce(combine);

/** Lanes beyond the subgroup give what they like. */
const cases: readonly Case[] = [
  { text: "subgroupAdd(v)", expected: sum },
  { text: "subgroupMul(select(1, v, lane < 3))", expected: (all) => all.slice(0, 3).reduce((a, b) => a * b) },
  { text: "subgroupMin(v)", expected: (all) => Math.min(...all) },
  { text: "subgroupMax(v)", expected: (all) => Math.max(...all) },
  { text: "i32(subgroupMin(u32(v)))", expected: (all) => Math.min(...all.map((x) => x >>> 0)) | 0 },
  { text: "subgroupAnd(v | 1)", expected: (all) => bits((a, b) => a & b)(all.map((x) => x | 1)) },
  { text: "subgroupOr(v)", expected: bits((a, b) => a | b) },
  { text: "subgroupXor(v)", expected: bits((a, b) => a ^ b) },
  { text: "subgroupInclusiveAdd(v)", expected: (all, lane) => sum(all.slice(0, lane + 1)) },
  { text: "subgroupExclusiveAdd(v)", expected: (all, lane) => sum(all.slice(0, lane)) },
  { text: "i32(subgroupExclusiveAdd(vec3f(vec3(v))).y)", expected: (all, lane) => sum(all.slice(0, lane)) },
  {
    text: "subgroupInclusiveMul(select(1, -1, v > 0))",
    expected: (all, lane) => sign(all.slice(0, lane + 1)),
  },
  { text: "subgroupExclusiveMul(select(1, -1, v > 0))", expected: (all, lane) => sign(all.slice(0, lane)) },
  { text: "subgroupBroadcast(v, 2)", expected: (all) => all[2] },
  { text: "subgroupBroadcastFirst(vec2(lane, v)).y", expected: (all) => all[0] },
  { text: "subgroupShuffle(v, (lane * 3 + 1) % 4)", expected: (all, lane) => all[(lane * 3 + 1) % 4] },
  { text: "subgroupShuffleUp(v, 1)", expected: (all, lane) => all[lane - 1] },
  { text: "subgroupShuffleDown(vec4(v), 2).w", expected: (all, lane) => all[lane + 2] },
  { text: "subgroupShuffleXor(v, 3)", expected: (all, lane) => all[lane ^ 3] },
  { text: "quadBroadcast(v, 1)", expected: (all, lane) => all[(lane & ~3) + 1] },
  { text: "quadSwapX(v)", expected: (all, lane) => all[lane ^ 1] },
  { text: "quadSwapY(v)", expected: (all, lane) => all[lane ^ 2] },
  { text: "i32(quadSwapDiagonal(f32(v)))", expected: (all, lane) => all[lane ^ 3] },
  { text: "i32(subgroupAll(v > -1000))", expected: () => 1 },
  { text: "i32(subgroupAny(v > 40))", expected: (all) => Number(all.some((x) => x > 40)) },
  {
    text: "i32(subgroupBallot(v > 0).x)",
    expected: (all) => all.reduce((mask, x, lane) => mask | (x > 0 ? 1 << lane : 0), 0),
  },
  { text: "i32(subgroupElect())", expected: (_, lane) => Number(lane === 0) },
];

function sign(values: readonly number[]): number {
  return values.filter((x) => x > 0).length % 2 === 0 ? 1 : -1;
}

interface Run {
  readonly size: number;
  readonly given: Int32Array;
  readonly out: Int32Array;
}

/** Runs statements that write `slots` numbers a thread with `put`, in two workgroups. */
async function run(
  device: Device,
  shape: readonly [number, number],
  slots: number,
  body: string,
  head = "",
): Promise<Run> {
  const threads = shape[0] * shape[1];
  using kernel = await device.compile(`enable subgroups;${head}
@group(0) @binding(0) var<storage, read> given: array<i32>;
@group(0) @binding(1) var<storage, read_write> out: array<i32>;
@compute @workgroup_size(${shape.join(", ")})
fn main(
  @builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) id: u32, @builtin(subgroup_size) size: u32,
) {
  let at = group.x * ${threads} + local;
  let v = given[at];
  let lane = i32(id);
  let first = at * ${slots + 2};
  out[first] = i32(size);
  out[first + 1] = lane;
  ${body}
}`);
  const random = seeded(5);
  const given = Int32Array.from({ length: threads * 2 }, () => Math.floor(random() * 100) - 50);
  using input = device.allocate(given.byteLength);
  using output = device.allocate(given.length * (slots + 2) * 4);
  device.write(input, given);
  device.dispatch(kernel, { given: input, out: output }, 2);
  const out = new Int32Array((await device.read(output)).slice().buffer);
  return { size: out[0] ?? 0, given, out };
}

/** Threads of one subgroup by their index, of which each workgroup begins a new one. */
function subgroups({ size, given }: Run, threads: number): number[][] {
  const groups: number[][] = [];
  for (let start = 0; start < given.length; start += threads) {
    for (let lane = 0; lane < threads; lane += size) {
      const length = Math.min(size, threads - lane);
      groups.push(Array.from({ length }, (_, at) => start + lane + at));
    }
  }
  return groups;
}

onEveryDevice(
  "subgroup operations",
  (adapter, open) => {
    const available = adapter.features.has("subgroups");

    it.skipIf(!available).for([
      [64, 1],
      [20, 1],
      [6, 6],
    ] as const)("are right in workgroups of %o threads", async (shape) => {
      const body = cases.map(({ text }, at) => `out[first + ${at + 2}] = ${text};`).join("\n  ");
      const made = await run(await open(), shape, cases.length, body);
      for (const group of subgroups(made, shape[0] * shape[1])) {
        const values = group.map((thread) => made.given[thread] ?? 0);
        for (const [lane, thread] of group.entries()) {
          const row = made.out.subarray(thread * (cases.length + 2), (thread + 1) * (cases.length + 2));
          expect([...row.subarray(0, 2)]).toEqual([made.size, lane]);
          for (const [at, { text, expected }] of cases.entries()) {
            const wanted = expected(values, lane);
            if (wanted !== undefined)
              expect(row[at + 2], `${text} in lane ${lane} of ${group.length}`).toBe(wanted);
          }
        }
      }
    });

    it.skipIf(!available)("concern the threads that arrive, where uniformity is not demanded", async () => {
      const made = await run(
        await open(),
        [64, 1],
        1,
        "if lane % 3 == 0 { out[first + 2] = subgroupAdd(v); } else { out[first + 2] = subgroupAdd(1); }",
        " diagnostic(off, subgroup_uniformity);",
      );
      for (const group of subgroups(made, 64)) {
        const third = group.filter((_, lane) => lane % 3 === 0);
        const total = sum(third.map((thread) => made.given[thread] ?? 0));
        for (const [lane, thread] of group.entries())
          expect(made.out[thread * 3 + 2]).toBe(lane % 3 === 0 ? total : group.length - third.length);
      }
    });

    it.skipIf(!available)("are evaluated by every thread, also inside select", async () => {
      const made = await run(
        await open(),
        [64, 1],
        1,
        "out[first + 2] = select(0, subgroupAdd(v), lane == 1);",
      );
      for (const group of subgroups(made, 64)) {
        const total = sum(group.map((thread) => made.given[thread] ?? 0));
        for (const [lane, thread] of group.entries())
          expect(made.out[thread * 3 + 2]).toBe(lane === 1 ? total : 0);
      }
    });
  },
  { computing: true },
);
