import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, describe, expect, it } from "vitest";
import { loadModel, type Model, type TensorInput } from "#src/nn/index.js";
import { open } from "#src/open.js";
import { loadOnnxLibrary, OnnxEngine } from "#src/runtime/onnx/index.js";
import { failure } from "../support/errors.js";
import { folderOf } from "../support/files.js";
import { attribute, floats, graph, model, node, perceptron, tensor, value } from "../support/onnx.js";

const gpu = await open({ device: "cpu" });
afterAll(() => gpu.dispose());

const rows = (...numbers: number[]): TensorInput => ({
  data: Float32Array.from(numbers),
  shape: [numbers.length / 2, 2],
});
const dense = async () => gpu.nn.load(perceptron());

/** What `perceptron` computes. */
function expected(x: number, y: number): number[] {
  return [x + 4 * y - 10, 2 * x + 5 * y, 3 * x + 6 * y + 0.5].map((sum) => Math.max(0, sum));
}

describe("a model", () => {
  it("says what it takes and gives", async () => {
    await using found = await dense();
    expect(found.name).toBe("test");
    expect(found.inputs).toEqual([
      { name: "x", dtype: "f32", type: "f32", shape: ["batch", 2], optional: false },
    ]);
    expect(found.outputs).toEqual([
      { name: "y", dtype: "f32", type: "f32", shape: ["batch", 3], optional: false },
    ]);
  });

  it("runs with named tensors", async () => {
    await using found = await dense();
    const { outputs, report } = await found.run({ x: rows(1, 2, 3, -4) }, { report: true });
    expect(outputs["y"]).toEqual({
      dtype: "f32",
      shape: [2, 3],
      data: Float32Array.from([...expected(1, 2), ...expected(3, -4)]),
    });
    expect(report).toMatchObject({ operation: "nn.run test", placement: "cpu", provider: "onnxruntime" });
  });

  it("takes plain numbers, and gives results of the size that the data needs", async () => {
    await using found = await gpu.nn.load(
      model({
        nodes: [node("NonZero", ["x"], ["at"])],
        inputs: [value("x", "f32", [undefined])],
        outputs: [value("at", "i64", [1, undefined])],
      }),
    );
    for (const data of [[0, 1, 0, 2], [3], [0]]) {
      const { outputs } = await found.run({ x: { data, shape: [data.length] } });
      const places = data.flatMap((number, at) => (number === 0 ? [] : [BigInt(at)]));
      expect(outputs["at"]).toEqual({
        dtype: "i64",
        shape: [1, places.length],
        data: BigInt64Array.from(places),
      });
    }
  });

  it("hands over every type of element", async () => {
    const samples: readonly TensorInput[] = [
      { data: Float32Array.of(1.5, -0, Number.NaN), shape: [3] },
      { data: Float64Array.of(1e300), shape: [1, 1] },
      { data: Uint16Array.of(0x3c00, 0x7c00), shape: [2], dtype: "f16" },
      { data: Uint16Array.of(0x3f80), shape: [1], dtype: "bf16" },
      { data: Int8Array.of(-128), shape: [1] },
      { data: Uint8Array.of(255), shape: [1] },
      { data: Int16Array.of(-32768), shape: [1] },
      { data: Uint16Array.of(65535), shape: [1] },
      { data: Int32Array.of(-(2 ** 31)), shape: [] },
      { data: Uint32Array.of(2 ** 32 - 1), shape: [1] },
      { data: BigInt64Array.of(-(2n ** 63n)), shape: [1] },
      { data: BigUint64Array.of(2n ** 64n - 1n), shape: [1] },
      { data: Uint8Array.of(1, 0), shape: [2], dtype: "bool" },
      { data: ["", "zwölf", "日本"], shape: [3, 1], dtype: "string" },
    ];
    const dtypes = "f32 f64 f16 bf16 i8 u8 i16 u16 i32 u32 i64 u64 bool string".split(" ");
    for (const [at, sample] of samples.entries()) {
      const dtype = dtypes[at] as "f32";
      await using same = await gpu.nn.load(
        model({
          nodes: [node("Identity", ["x"], ["y"])],
          inputs: [value("x", dtype)],
          outputs: [value("y", dtype)],
        }),
      );
      const { outputs } = await same.run({ x: sample });
      expect(outputs["y"]).toEqual({ dtype, shape: sample.shape, data: sample.data });
    }
  });

  it("believes the data, not the sizes that the model names", async () => {
    const twice = await gpu.nn.load(
      model({
        nodes: [node("Reshape", ["x", "to"], ["y"])],
        inputs: [value("x", "f32", ["n"]), value("to", "i64", [1])],
        outputs: [value("y", "f32", ["n"])],
      }),
    );
    for (const [sizes, shape] of [
      [[4], [4]],
      [[-1], [4]],
    ] as const) {
      const { outputs } = await twice.run({
        x: { data: [1, 2, 3, 4], shape: [4] },
        to: { data: sizes, shape: [1] },
      });
      expect(outputs["y"]).toEqual({ dtype: "f32", shape, data: Float32Array.of(1, 2, 3, 4) });
    }
    await twice.dispose();
    await using doubled = await gpu.nn.load(
      model({
        nodes: [node("NonZero", ["x"], ["a"]), node("Cast", ["a"], ["y"], [attribute.int("to", 1)])],
        inputs: [value("x", "f32", ["n"])],
        outputs: [value("y", "f32", [1, "n"])],
      }),
    );
    for (const data of [
      [1, 2],
      [0, 3],
      [4, 5, 6],
    ]) {
      const { outputs } = await doubled.run({ x: { data, shape: [data.length] } });
      const places = data.flatMap((number, at) => (number === 0 ? [] : [at]));
      expect(outputs["y"]).toEqual({
        dtype: "f32",
        shape: [1, places.length],
        data: Float32Array.from(places),
      });
    }
  });

  it("computes only the outputs asked for", async () => {
    await using found = await gpu.nn.load(
      model({
        nodes: [node("Neg", ["x"], ["a"]), node("Abs", ["x"], ["b"])],
        inputs: [value("x", "f32", [1])],
        outputs: [value("a", "f32", [1]), value("b", "f32", [1])],
      }),
    );
    const { outputs } = await found.run({ x: { data: [-2], shape: [1] } }, { outputs: ["b"] });
    expect(outputs).toEqual({ b: { dtype: "f32", shape: [1], data: Float32Array.of(2) } });
  });

  it("uses the model's default for an input that has one", async () => {
    await using found = await gpu.nn.load(
      model({
        nodes: [node("Add", ["x", "d"], ["y"])],
        inputs: [value("x", "f32", [1]), value("d", "f32", [1])],
        outputs: [value("y", "f32", [1])],
        initializers: [floats("d", [1], [10])],
      }),
    );
    const x = { data: [1], shape: [1] };
    expect((await found.run({ x })).outputs["y"]?.data).toEqual(Float32Array.of(11));
    const given = await found.run({ x, d: { data: [5], shape: [1] } });
    expect(given.outputs["y"]?.data).toEqual(Float32Array.of(6));
  });

  it("runs on nothing", async () => {
    await using found = await dense();
    const { outputs } = await found.run({ x: { data: new Float32Array(0), shape: [0, 2] } });
    expect(outputs["y"]).toEqual({ dtype: "f32", shape: [0, 3], data: new Float32Array(0) });
  });

  it("reads external data beside its file", async () => {
    const folder = folderOf({});
    writeFileSync(join(folder, "net.onnx"), perceptron());
    await using found = await gpu.nn.load(join(folder, "net.onnx"));
    expect(found.name).toBe("net");
    await found.warmUp({ sizes: { batch: 4 } });
  });
});

describe("inputs that do not fit", () => {
  const wrong: Readonly<Record<string, [Readonly<Record<string, unknown>>, RegExp, RegExp | undefined]>> = {
    "another name": [{ X_: rows(1, 2) }, /no input "X_"/, undefined],
    "a name with a typo": [{ xx: rows(1, 2) }, /no input "xx"/, /Did you mean "x"/],
    "a missing input": [{}, /needs the input "x"/, /f32 batchx2/],
    "another shape": [{ x: { data: [1, 2, 3], shape: [1, 3] } }, /"x" is 1x3.*f32 batchx2/, undefined],
    "a missing batch dimension": [{ x: { data: [1, 2], shape: [2] } }, /"x" is 2,/, /1x2/],
    "another type": [
      { x: { data: Float64Array.of(1, 2), shape: [1, 2] } },
      /"x" is f64.*f32/,
      /Float32Array.from/,
    ],
    "too little data": [{ x: { data: [1], shape: [1, 2] } }, /"x" has 1 elements.*1x2 needs 2/, undefined],
    "a negative size": [{ x: { data: [], shape: [-1, 2] } }, /"x" has the shape \[-1,2\]/, undefined],
    texts: [{ x: { data: ["a", "b"], shape: [1, 2] } }, /"x" holds "a" at 0/, undefined],
    "no tensor": [{ x: [1, 2] }, /"x" is not a tensor/, /data/],
    "an unknown type": [{ x: { data: [1, 2], shape: [1, 2], dtype: "float" } }, /type "float"/, /f32/],
    "a type that the array cannot hold": [
      { x: { data: Int8Array.of(1, 2), shape: [1, 2], dtype: "f32" } },
      /called f32, but its data is a Int8Array/,
      undefined,
    ],
  };
  for (const [name, [inputs, message, hint]] of Object.entries(wrong)) {
    it(`refuses ${name}`, async () => {
      await using found = await dense();
      const error = await failure(() => found.run(inputs as Record<string, TensorInput>), "INVALID_ARGUMENT");
      expect(error.message).toMatch(message);
      if (hint !== undefined) expect(error.hint).toMatch(hint);
    });
  }

  it("refuses integers that the type cannot hold", async () => {
    await using found = await gpu.nn.load(
      model({
        nodes: [node("Identity", ["x"], ["y"])],
        inputs: [value("x", "u8")],
        outputs: [value("y", "u8")],
      }),
    );
    for (const number of [256, -1, 1.5, Number.NaN]) {
      await failure(() => found.run({ x: { data: [number], shape: [1] } }), "INVALID_ARGUMENT");
    }
  });

  it("names the node where shapes only clash inside", async () => {
    await using found = await gpu.nn.load(
      model({
        nodes: [node("Add", ["a", "b"], ["y"], [], { name: "join" })],
        inputs: [value("a", "f32", ["n"]), value("b", "f32", ["m"])],
        outputs: [value("y", "f32")],
      }),
    );
    const input = (length: number) => ({ data: new Float32Array(length), shape: [length] });
    const error = await failure(() => found.run({ a: input(2), b: input(3) }), "INVALID_ARGUMENT");
    expect(error.message).toMatch(/Add node.*join/);
  });

  it("refuses outputs that the model does not have", async () => {
    await using found = await dense();
    const error = await failure(() => found.run({ x: rows(1, 2) }, { outputs: ["z"] }), "INVALID_ARGUMENT");
    expect(error.hint).toContain('"y"');
  });
});

describe("models that cannot run", () => {
  const io = { inputs: [value("x", "f32", [1])], outputs: [value("y", "f32", [1])] };

  it("names an operator that nobody has", async () => {
    const error = await failure(
      () => gpu.nn.load(model({ nodes: [node("Frobnicate", ["x"], ["y"])], ...io })),
      "UNSUPPORTED",
    );
    expect(error.message).toContain("Frobnicate");
  });

  it("names what the executor lacks where only it was asked for", async () => {
    const file = model({
      nodes: [node("StringConcat", ["x", "x"], ["y"])],
      inputs: [value("x", "string", [1])],
      outputs: [value("y", "string", [1])],
      opset: 20,
    });
    const error = await failure(() => gpu.nn.load(file, { provider: "aikoryu" }), "UNSUPPORTED");
    expect(error.message).toContain("StringConcat");
    await using found = await gpu.nn.load(file);
    const { report } = await found.run({ x: { data: ["a"], shape: [1] } }, { report: true });
    expect(report?.reason).toContain("StringConcat");
    expect(report?.lacking.length).toBeGreaterThan(0);
  });

  it("refuses an output that is a sequence by name", async () => {
    const sequence = Buffer.from([
      0x0a, 0x01, 0x73, 0x12, 0x08, 0x22, 0x06, 0x0a, 0x04, 0x0a, 0x02, 0x08, 0x01,
    ]);
    await using found = await gpu.nn.load(
      model({ nodes: [node("SequenceConstruct", ["x"], ["s"])], inputs: io.inputs, outputs: [sequence] }),
    );
    const error = await failure(() => found.run({ x: { data: [1], shape: [1] } }), "UNSUPPORTED");
    expect(error.message).toContain('"s"');
  });

  it("says how to install ONNX Runtime where it is missing", async () => {
    const missing = new OnnxEngine(() => loadOnnxLibrary("/nowhere/package.json"));
    const error = await failure(
      () => loadModel(gpu.runtime, perceptron(), { provider: "cpu" }, missing),
      "ENGINE_MISSING",
    );
    expect(error.hint).toContain("onnxruntime-node");
  });

  it("refuses to make up more zeros than memory holds", async () => {
    await using found = await gpu.nn.load(
      model({
        nodes: [node("Neg", ["x"], ["y"])],
        inputs: [value("x", "f32", ["n", 2 ** 31])],
        outputs: [value("y", "f32", ["n", 2 ** 31])],
      }),
    );
    await failure(() => found.warmUp({ sizes: { n: 2 ** 20 } }), "OUT_OF_MEMORY");
  });

  it("knows no other providers", async () => {
    const error = await failure(
      () => gpu.nn.load(perceptron(), { provider: "gpu" as "cpu" }),
      "INVALID_ARGUMENT",
    );
    expect(error.hint).toContain("webgpu");
  });
});

describe("concurrent runs", () => {
  it("are merged along an open first dimension", async () => {
    await using found = await dense();
    const inputs = Array.from({ length: 40 }, (_, at) => [at, -at / 2, at * 3, 1]);
    const results = await Promise.all(
      inputs.map((numbers, at) =>
        found.run({ x: rows(...numbers.slice(0, at % 2 === 0 ? 4 : 2)) }, { report: true }),
      ),
    );
    for (const [at, { outputs }] of results.entries()) {
      const [a = 0, b = 0, c = 0, d = 0] = inputs[at] ?? [];
      const wanted = [...expected(a, b), ...(at % 2 === 0 ? expected(c, d) : [])];
      expect(outputs["y"]?.shape).toEqual([at % 2 === 0 ? 2 : 1, 3]);
      expect(Array.from<unknown>(outputs["y"]?.data ?? [])).toEqual(wanted.map(Math.fround));
    }
    expect(Math.max(...results.map(({ report }) => report?.batch?.size ?? 1))).toBeGreaterThan(10);
  });

  const mixing = () =>
    gpu.nn.load(
      model({
        nodes: [node("Softmax", ["x"], ["y"], [attribute.int("axis", 0)])],
        inputs: [value("x", "f32", ["n", 2])],
        outputs: [value("y", "f32", ["n", 2])],
      }),
    );

  it("stay apart where a model mixes its rows", async () => {
    await using found = await mixing();
    for (let round = 0; round < 2; round++) {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) => found.run({ x: rows(at, round) })),
      );
      for (const { outputs } of results)
        expect(Array.from<unknown>(outputs["y"]?.data ?? [])).toEqual([1, 1]);
    }
  });

  it("one that fails leaves the others alone", async () => {
    await using found = await dense();
    const runs = Array.from({ length: 10 }, (_, at) =>
      found.run({ x: at === 5 ? { data: [1], shape: [1, 1] } : rows(at, 1) }),
    );
    const settled = await Promise.allSettled(runs);
    expect(settled.map(({ status }) => status === "fulfilled")).toEqual(runs.map((_, at) => at !== 5));
  });
});

describe("the life of a model", () => {
  it("goes on beside those of others", async () => {
    const scaled = (factor: number) =>
      gpu.nn.load(
        model({
          nodes: [node("Mul", ["x", "f"], ["y"])],
          inputs: [value("x", "f32", [1])],
          outputs: [value("y", "f32", [1])],
          initializers: [floats("f", [1], [factor])],
        }),
      );
    const models = await Promise.all([2, 3, 5, 7].map(scaled));
    const runs = Array.from({ length: 40 }, (_, at) =>
      models[at % 4]?.run({ x: { data: [at], shape: [1] } }),
    );
    const results = await Promise.all(runs);
    expect(results.map((result) => result?.outputs["y"]?.data[0])).toEqual(
      results.map((_, at) => at * ([2, 3, 5, 7][at % 4] ?? 0)),
    );
    await Promise.all(models.map((each) => each.dispose()));
  });

  it("ends after the runs under way", async () => {
    const found = await dense();
    const running = Array.from({ length: 5 }, (_, at) => found.run({ x: rows(at, at) }, { batch: false }));
    await found.dispose();
    await found.dispose();
    for (const { outputs } of await Promise.all(running)) expect(outputs["y"]?.shape).toEqual([1, 3]);
    await failure(() => found.run({ x: rows(1, 2) }), "DISPOSED");
  });

  const loop = (): Promise<Model> => {
    const body = graph({
      nodes: [node("Identity", ["c"], ["again"]), node("MatMul", ["v", "m"], ["v2"])],
      inputs: [value("i", "i64", []), value("c", "bool", []), value("v", "f32", [256, 256])],
      outputs: [value("again", "bool", []), value("v2", "f32", [256, 256])],
    });
    return gpu.nn.load(
      model({
        nodes: [node("Loop", ["n", "yes", "v0"], ["y"], [attribute.graph("body", body)])],
        inputs: [value("n", "i64", []), value("v0", "f32", [256, 256])],
        outputs: [value("y", "f32", [256, 256])],
        initializers: [
          tensor("yes", "bool", [], Uint8Array.of(1)),
          floats(
            "m",
            [256, 256],
            Array.from({ length: 65536 }, (_, at) => (at % 257 === 0 ? 1 : 0)),
          ),
        ],
      }),
    );
  };
  const long = (rounds: number) => ({
    n: { data: [rounds], shape: [] },
    v0: { data: new Float32Array(65536).fill(1), shape: [256, 256] },
  });

  it("a run can be aborted while it computes", async () => {
    await using found = await loop();
    const controller = new AbortController();
    const start = performance.now();
    setTimeout(() => controller.abort(), 30);
    await failure(() => found.run(long(1_000_000), { signal: controller.signal }), "ABORTED");
    const { outputs } = await found.run(long(1));
    expect(outputs["y"]?.data[0]).toBe(1);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it("a long run leaves the JavaScript thread free", async () => {
    await using found = await loop();
    await found.run(long(1));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await found.run(long(300));
    clearInterval(timer);
    delay.disable();
    expect(ticks).toBeGreaterThan(10);
  });
});
