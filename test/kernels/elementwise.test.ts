import { describe, expect, it } from "vitest";
import { type DType, dtypes, type HostArray } from "#src/core/dtype.js";
import { elementCount } from "#src/core/shape.js";
import type { Device } from "#src/device/device.js";
import { computeType, type Expression, type ScalarType } from "#src/expression/expression.js";
import { binary, cast, constant, convert, input, narrow, unary } from "#src/expression/index.js";
import { elementwise } from "#src/kernels/index.js";
import { elementwiseOnHost } from "#src/runtime/elementwise/index.js";
import { isFake, onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { seeded } from "../support/random.js";
import { halfValue, nearestHalf } from "./halves.js";
import { binaryOracle, unaryOracle } from "./operator-oracle.js";
import { arrayOf, binaryOf, chosen, edgeValues, scalarTypes, unaryOf, type Value } from "./operators.js";

interface Input {
  readonly data: HostArray;
  readonly dtype: DType;
  readonly strides: readonly number[];
  readonly offset?: number;
}

interface Call {
  readonly expression: Expression;
  readonly inputs: readonly Input[];
  readonly shape: readonly number[];
  readonly resultType: DType;
}

/** Runs a call somewhere; the elements of the result. */
type Run = (call: Call) => Promise<HostArray>;

function onDevice(device: () => Promise<Device>, through?: Device): Run {
  return async ({ expression, inputs, shape, resultType }) => {
    const opened = await device();
    const count = elementCount(shape);
    const { array, bytes } = dtypes[resultType];
    const words = Math.ceil((count * bytes) / 4);
    const buffers = inputs.map(({ data }) => {
      const padded = new Uint8Array(Math.max(8, Math.ceil(data.byteLength / 4) * 4));
      padded.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      const buffer = opened.allocate(padded.length);
      opened.write(buffer, padded);
      return buffer;
    });
    const result = opened.allocate(Math.max(8, words * 4 + 64));
    opened.write(result, new Uint8Array(result.byteLength).fill(0xa5));
    await elementwise(through ?? opened, {
      expression,
      inputs: inputs.map((each, at) => ({ ...each, data: buffers[at] as never })),
      shape,
      result,
      resultType,
    });
    const read = (await opened.read(result)).slice();
    for (const buffer of [...buffers, result]) buffer.dispose();
    expect(read.subarray(words * 4).every((byte) => byte === 0xa5)).toBe(true);
    expect(read.subarray(count * bytes, words * 4).every((byte) => byte === 0)).toBe(true);
    return new array(read.buffer, 0, count);
  };
}

const onHost: Run = async ({ expression, inputs, shape, resultType }) => {
  const result = new dtypes[resultType].array(elementCount(shape));
  await elementwiseOnHost({ expression, inputs, shape, result, resultType });
  return result;
};

/** Units in the last place by which a float may be off. */
function tolerance(operator: string, type: ScalarType): number {
  const exact =
    /^(negate|abs|sign|floor|ceil|round|truncate|add|subtract|multiply|remainder|modulo|m..imum)$/;
  if (type === "f64") return operator === "erf" ? 5000 : exact.test(operator) ? 0 : 8;
  return exact.test(operator) ? 0 : 4;
}

function isClose(got: Value, want: Value, type: ScalarType, ulps: number): boolean {
  if (Object.is(got, want)) return true;
  if (typeof got !== "number" || typeof want !== "number") return false;
  const [digits, least] = type === "f32" ? [23, -126] : [52, -1022];
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(want))), least) - digits);
  if (Math.abs(got - want) <= ulps * unit) return ulps > 0 || got === want;
  return Math.abs(want) < 2 ** least && Math.abs(got) < 2 ** least;
}

/** Every operator of a type over all edge values, by one kernel for those of one operand and one for those of two. */
async function checkOperators(run: Run, type: ScalarType): Promise<void> {
  const values = edgeValues(type);
  const second = type === "f32" || type === "f64" ? values.filter((_, at) => at % 3 !== 1) : values;
  const ones = unaryOf(type);
  const twos = binaryOf(type).filter((operator) => operator !== "floorDivide" || !type.startsWith("f"));
  const cases: { operator: string; a: Value; b: Value; which: number; want: Value }[] = [];
  for (const [which, operator] of ones.entries()) {
    for (const a of values) cases.push({ operator, a, b: a, which, want: unaryOracle(operator, type, a) });
  }
  for (const [at, operator] of twos.entries()) {
    const which = ones.length + at;
    for (const a of values)
      for (const b of second) cases.push({ operator, a, b, which, want: binaryOracle(operator, type, a, b) });
  }
  const [x, y] = [input(0, type), input(1, type)];
  const results = [...ones.map((each) => unary(each, x)), ...twos.map((each) => binary(each, x, y))];
  const got = await run({
    expression: chosen(results, 2, type),
    inputs: [
      {
        data: arrayOf(
          type,
          cases.map(({ a }) => a),
        ),
        dtype: type,
        strides: [1],
      },
      {
        data: arrayOf(
          type,
          cases.map(({ b }) => b),
        ),
        dtype: type,
        strides: [1],
      },
      { data: Uint32Array.from(cases, ({ which }) => which), dtype: "u32", strides: [1] },
    ],
    shape: [cases.length],
    resultType: type,
  });
  const wrong = cases.flatMap(({ operator, a, b, want }, at) => {
    const number = typeof want !== "boolean" ? want : typeof a === "bigint" ? BigInt(want) : Number(want);
    const found = got[at] ?? 0;
    if (isClose(found, number, type, tolerance(operator, type))) return [];
    return [`${operator} of ${String(a)}, ${String(b)} is ${String(found)}, not ${String(want)}`];
  });
  expect(wrong.slice(0, 20)).toEqual([]);
}

const hasNoF64 = "the device has no f64";

onEveryDevice(
  "elementwise",
  (adapter, device) => {
    const run = onDevice(device);

    it.for(scalarTypes)("computes every operator of %s", async (type, { skip }) => {
      if (type === "f64" && !adapter.features.has("f64")) skip(hasNoF64);
      await checkOperators(run, type);
    });

    it("copies any strides of every element type, bit by bit", async () => {
      const random = seeded(7);
      for (const dtype of ["bool", "f16", "f64"] as const)
        for (let round = 1; round < 5; round++) await checkCopy(run, dtype, random, round);
    });

    it("fuses chains over broadcast rows, columns and numbers as the host does", async () => {
      const random = seeded(11);
      const rounds = isFake(adapter) ? 3 : 6;
      for (let round = 0; round < rounds; round++) {
        const rank = 1 + (round % 3);
        const shape = Array.from({ length: rank }, () => 1 + Math.floor(random() * 37));
        const inputs = [0, 1, 2].map(() => randomInput(shape, random));
        const [a, b, c] = [0, 1, 2].map((at) => input(at, "f32")) as [Expression, Expression, Expression];
        const scaled = binary("multiply", binary("add", a, b), constant(0.25, "f32"));
        const expression = binary("subtract", binary("maximum", scaled, c), unary("floor", a));
        const call: Call = { expression, inputs, shape, resultType: "f32" };
        expect(await run(call)).toEqual(await onHost(call));
      }
    });

    it.for([1, 2, 3, 4, 5, 31, 33, 255, 257, 4099])(
      "narrows %i elements, odd numbers of them too",
      async (count, { skip }) => {
        if (isFake(adapter) && count > 257) skip("slow where threads take turns");
        const data = Float32Array.from({ length: count }, (_, at) => (at - count / 2) * 1.37);
        for (const resultType of ["i8", "bf16"] as const) {
          const call: Call = {
            expression: convert(input(0, "f32"), resultType),
            inputs: [{ data, dtype: "f32", strides: [1] }],
            shape: [count],
            resultType,
          };
          expect(await run(call)).toEqual(await onHost(call));
        }
      },
    );

    it("casts between all element types as the host does", async () => {
      const targets: readonly DType[] = isFake(adapter) ? ["f16", "u64"] : ["f16", "i8", "u32", "i64"];
      for (const to of targets) {
        for (const from of castGroups) {
          const types = [...from, to].some((dtype) => dtype === "f64");
          if (types && !adapter.features.has("f64")) continue;
          await checkCasts(run, from, to);
        }
      }
    });

    it("goes in blocks of rows where a binding is too small", async () => {
      const opened = await device();
      const { kind, limits } = adapter;
      const small = {
        adapter: { kind, limits: { ...limits, bindingBytes: 2048 } },
        label: "small",
        compile: opened.compile.bind(opened),
        dispatch: opened.dispatch.bind(opened),
        dispatchThreads: opened.dispatchThreads.bind(opened),
      } as unknown as Device;
      const narrowed = onDevice(async () => opened, small);
      const data = Float32Array.from({ length: 4100 }, (_, each) => (each % 251) - 125);
      const dense: Call = {
        expression: convert(binary("add", input(0, "f32"), input(1, "f32")), "i8"),
        inputs: [
          { data, dtype: "f32", strides: [1], offset: 3 },
          { data, dtype: "f32", strides: [0], offset: 200 },
        ],
        shape: [4097],
        resultType: "i8",
      };
      expect(await narrowed(dense)).toEqual(await onHost(dense));
      const rows: Call = {
        expression: input(0, "f32"),
        inputs: [{ data, dtype: "f32", strides: [64, -1], offset: 63 }],
        shape: [64, 64],
        resultType: "f32",
      };
      expect(await narrowed(rows)).toEqual(await onHost(rows));
      const across = { ...rows, inputs: [{ data, dtype: "f32", strides: [1, 64] }] } as const;
      await failure(() => narrowed(across), "UNSUPPORTED");
    });

    it("does nothing for no elements, and names what does not fit", async () => {
      const opened = await device();
      using data = opened.allocate(64);
      using result = opened.allocate(64);
      const expression = input(0, "f32");
      const call = { expression, shape: [4, 4], result, resultType: "f32" } as const;
      const strided = (strides: readonly number[], offset = 0) =>
        ({ data, dtype: "f32", strides, offset }) as const;
      await elementwise(opened, { ...call, shape: [0, 4], inputs: [strided([4, 1])] });
      const wrong = [
        { ...call, inputs: [strided([4, 1], 1)] },
        { ...call, inputs: [strided([-4, 1])] },
        { ...call, inputs: [strided([1])] },
        { ...call, inputs: new Array(7).fill(strided([4, 1])) },
        { ...call, inputs: [strided([4, 1])], resultType: "i32" },
        { ...call, inputs: [strided([0, 0])], shape: [5, 4] },
      ] as const;
      for (const work of wrong) await failure(() => elementwise(opened, work), "INVALID_ARGUMENT");
      await failure(
        () => elementwise(opened, { ...call, shape: [2 ** 31 + 1], inputs: [strided([0])] }),
        "UNSUPPORTED",
      );
    });
  },
  { computing: true },
);

describe("elementwise on the host", () => {
  it.each(scalarTypes)("computes every operator of %s", (type) => checkOperators(onHost, type));

  it("copies any strides of every element type, bit by bit", async () => {
    const random = seeded(7);
    for (const dtype of Object.keys(dtypes) as DType[])
      for (let round = 0; round < 12; round++) await checkCopy(onHost, dtype, random, round);
  });

  it("rounds and wraps to narrow types as their definitions say", async () => {
    const values = [
      0,
      -0,
      1 / 3,
      65_504,
      65_519.99,
      65_520,
      1e-8,
      5.9e-8,
      2.98e-8,
      -1.0009765625,
      3e38,
      Infinity,
      -Infinity,
    ];
    const data = Float32Array.from(values);
    for (const type of ["f16", "bf16"] as const) {
      const call: Call = {
        expression: narrow(input(0, "f32"), type),
        inputs: [{ data, dtype: "f32", strides: [1] }],
        shape: [values.length],
        resultType: "f32",
      };
      expect([...(await onHost(call))]).toEqual(
        [...data].map((value) => halfValue(type, nearestHalf(type, value))),
      );
    }
    const floats = Float32Array.of(1e10, -1e10, 3.99, -3.99, Number.NaN, 127.5, -128.7, 300);
    const to = (resultType: DType) =>
      onHost({
        expression: convert(input(0, "f32"), resultType),
        inputs: [{ data: floats, dtype: "f32", strides: [1] }],
        shape: [floats.length],
        resultType,
      });
    expect([...(await to("i8"))]).toEqual([127, -128, 3, -3, 0, 127, -128, 127]);
    expect([...(await to("u8"))]).toEqual([255, 0, 3, 0, 0, 127, 0, 255]);
    expect([...(await to("i32"))]).toEqual([2 ** 31 - 1, -(2 ** 31), 3, -3, 0, 127, -128, 300]);
    expect([...(await to("i64"))]).toEqual([
      10_000_000_000n,
      -10_000_000_000n,
      3n,
      -3n,
      0n,
      127n,
      -128n,
      300n,
    ]);
    expect([...(await to("bool"))]).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("gives floorDivide that goes with modulo", async () => {
    const values = [7, -7, 7.5, -7.5, 0.1, 1, -0.3];
    const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));
    const data = (side: 0 | 1) =>
      ({ data: Float64Array.from(pairs, (pair) => pair[side]), dtype: "f64", strides: [1] }) as const;
    const run = (operator: "floorDivide" | "modulo") =>
      onHost({
        expression: binary(operator, input(0, "f64"), input(1, "f64")),
        inputs: [data(0), data(1)],
        shape: [pairs.length],
        resultType: "f64",
      });
    const [quotients, rests] = [await run("floorDivide"), await run("modulo")];
    for (const [at, [a, b]] of pairs.entries()) {
      expect(Number.isInteger(Number(quotients[at]))).toBe(true);
      expect(Number(quotients[at]) * b + Number(rests[at])).toBeCloseTo(a, 12);
    }
  });
});

const castGroups: readonly (readonly DType[])[] = [
  ["f32", "bf16", "bool", "i8", "u16"],
  ["f16", "u8", "i32", "i64", "u64"],
  ["f64", "u32", "i16"],
];

const castValues = [
  0,
  1,
  -1,
  2,
  100,
  127,
  128,
  -129,
  255,
  256,
  65_535,
  1e5,
  -1e5,
  2 ** 31,
  2 ** 32,
  -(2 ** 31),
  2 ** 24 + 1,
];

/** One kernel casts all of `from`. */
async function checkCasts(run: Run, from: readonly DType[], to: DType): Promise<void> {
  const type = computeType(to);
  const count = castValues.length;
  const rows = await Promise.all(
    from.map((dtype) =>
      onHost({
        expression: convert(input(0, "f64"), dtype),
        inputs: [{ data: Float64Array.from(castValues), dtype: "f64", strides: [1] }],
        shape: [count],
        resultType: dtype,
      }),
    ),
  );
  const call: Call = {
    expression: chosen(
      from.map((dtype, at) => convert(input(at, computeType(dtype)), to)),
      from.length,
      type,
    ),
    inputs: [
      ...from.map((dtype, at) => ({ data: rows[at] as HostArray, dtype, strides: [0, 1] })),
      { data: Uint32Array.from(from.keys()), dtype: "u32", strides: [1, 0] },
    ],
    shape: [from.length, count],
    resultType: to,
  };
  expect(await run(call)).toEqual(await onHost(call));
}

/** An input whose axes are broadcast, turned or cut at random. */
function randomInput(shape: readonly number[], random: () => number): Input {
  const order = shape.map((_, axis) => axis).sort(() => random() - 0.5);
  const strides = new Array<number>(shape.length).fill(0);
  let stride = random() < 0.3 ? 2 : 1;
  let offset = Math.floor(random() * 5);
  for (const axis of order) {
    if (random() < 0.25) continue;
    const size = shape[axis] ?? 1;
    const backwards = random() < 0.2;
    strides[axis] = backwards ? -stride : stride;
    if (backwards) offset += (size - 1) * stride;
    stride *= size;
  }
  const data = Float32Array.from(
    { length: offset + stride * 2 + 1 },
    () => Math.round((random() - 0.5) * 1000) / 8,
  );
  return { data, dtype: "f32", strides, offset };
}

async function checkCopy(run: Run, dtype: DType, random: () => number, round: number): Promise<void> {
  const shape = Array.from({ length: round % 5 }, () => 1 + Math.floor(random() * 9));
  const layout = randomInput(shape, random);
  const { array, bytes } = dtypes[dtype];
  const raw = Uint8Array.from({ length: layout.data.length * bytes }, () => Math.floor(random() * 256));
  const data = new array(raw.buffer);
  const expression = input(0, computeType(dtype));
  const got = await run({ expression, inputs: [{ ...layout, data, dtype }], shape, resultType: dtype });
  const want = new Uint8Array(elementCount(shape) * bytes);
  for (let at = 0; at < elementCount(shape); at++) {
    let rest = at;
    let from = layout.offset ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      from += (rest % size) * (layout.strides[axis] ?? 0);
      rest = Math.floor(rest / size);
    }
    want.set(raw.subarray(from * bytes, (from + 1) * bytes), at * bytes);
  }
  expect(new Uint8Array(got.buffer, got.byteOffset, got.byteLength)).toEqual(want);
}

describe("expressions", () => {
  it("refuse types that do not go together, and constants that are none", async () => {
    const [f, i, t] = [input(0, "f32"), input(1, "i32"), input(2, "bool")];
    const wrong = [
      () => binary("add", f, i),
      () => binary("add", t, t),
      () => binary("bitAnd", f, f),
      () => binary("and", i, i),
      () => unary("sqrt", i),
      () => unary("not", f),
      () => constant(0.5, "i32"),
      () => constant(1, "bool"),
      () => narrow(f, "i8"),
    ];
    for (const make of wrong) await failure(make, "INVALID_ARGUMENT");
    const error = await failure(() => binary("add", f, i), "INVALID_ARGUMENT");
    expect([error.message, error.hint]).toEqual([
      "add takes two of one type, got f32 and i32",
      "Cast one of them: to f32 or to i32.",
    ]);
    expect(cast(f, "f32")).toBe(f);
  });
});
