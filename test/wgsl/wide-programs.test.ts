import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import { onEveryDevice } from "../support/devices.js";
import { type Given, givenValues } from "./wide-inputs.js";
import { everyOperation, type WideExpression, WideGenerator } from "./wide-programs.js";

const seed = Number(process.env.AIKORYU_SEED ?? 1);
const threads = 8192;
const kernels = 8;
const perKernel = 16;
const recordBytes = 48;

const generator = new WideGenerator(seed);
const plain = everyOperation();
const expressions = [
  ...Array.from({ length: Math.ceil(plain.length / perKernel) }, (_, part) =>
    plain.slice(part * perKernel, (part + 1) * perKernel),
  ),
  ...Array.from({ length: kernels }, () =>
    Array.from({ length: perKernel }, (_, at) => generator.next(1 + (at % 5))),
  ),
];
const given = givenValues(threads, seed);

function source(list: readonly WideExpression[]): string {
  const writes = list.map(({ text }, at) => `  out[id.x * ${perKernel}u + ${at}u] = ${text};`);
  return `
struct Given { a: i64, b: i64, c: u64, d: u64, i: i32, u: u32, f: f32 }
@group(0) @binding(0) var<storage, read> given: array<Given>;
@group(0) @binding(1) var<storage, read_write> out: array<u64>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let a = given[id.x].a;
  let b = given[id.x].b;
  let c = given[id.x].c;
  let d = given[id.x].d;
  let i = given[id.x].i;
  let u = given[id.x].u;
  let f = given[id.x].f;
${writes.join("\n")}
}`;
}

function packed(list: readonly Given[]): Uint8Array {
  const bytes = new Uint8Array(list.length * recordBytes);
  const view = new DataView(bytes.buffer);
  for (const [at, { a, b, c, d, i, u, f }] of list.entries()) {
    const base = at * recordBytes;
    view.setBigInt64(base, a, true);
    view.setBigInt64(base + 8, b, true);
    view.setBigUint64(base + 16, c, true);
    view.setBigUint64(base + 24, d, true);
    view.setInt32(base + 32, i, true);
    view.setUint32(base + 36, u, true);
    view.setFloat32(base + 40, f, true);
  }
  return bytes;
}

async function run(device: Device, list: readonly WideExpression[]): Promise<BigUint64Array> {
  using kernel = await device.compile(source(list));
  using input = device.allocate(threads * recordBytes);
  using out = device.allocate(threads * perKernel * 8);
  device.write(input, packed(given));
  device.dispatch(kernel, { given: input, out }, threads / 64);
  return new BigUint64Array((await device.read(out)).slice().buffer);
}

/** Computed once, compared with every device. */
const expected = expressions.map((list) => {
  const values = new BigUint64Array(threads * perKernel);
  for (const [row, item] of given.entries())
    for (const [at, { evaluate }] of list.entries()) values[row * perKernel + at] = evaluate(item);
  return values;
});

function describeDifference(
  list: readonly WideExpression[],
  at: number,
  was: bigint,
  wanted: bigint,
): string {
  const { text } = list[at % perKernel] as WideExpression;
  const row = given[Math.floor(at / perKernel)];
  const values = Object.entries(row ?? {}).map(
    ([name, value]) => `${name}=${Object.is(value, -0) ? "-0" : value}`,
  );
  return `seed ${seed}: ${text} of ${values.join(" ")} is ${was}, not ${wanted}`;
}

onEveryDevice(
  "random 64-bit expressions",
  (_adapter, open) => {
    it.for(expressions.map((_, at) => at))(
      `part %i of ${expressions.flat().length} expressions of ${threads} inputs agrees with bigints`,
      { timeout: 60_000 },
      async (part) => {
        const list = expressions[part] ?? [];
        const wanted = expected[part] ?? new BigUint64Array();
        const found = await run(await open(), list);
        expect(found.length).toBe(wanted.length);
        const wrong = found.findIndex((value, at) => value !== wanted[at]);
        if (wrong >= 0) expect.fail(describeDifference(list, wrong, found[wrong] ?? 0n, wanted[wrong] ?? 0n));
      },
    );
  },
  { computing: true },
);
