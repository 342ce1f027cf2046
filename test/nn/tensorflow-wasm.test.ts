import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AikoError } from "#src/errors.js";
import { type AnyMatrix, type Gpu, Matrix, open } from "#src/index.js";
import type { TensorFlow } from "#src/nn/index.js";
import { loadLibrary } from "#src/nn/tensorflow/library.js";
import type { Runtime } from "#src/runtime/index.js";
import { failure } from "../support/errors.js";

const folder = mkdtempSync(join(tmpdir(), "aikoryu-tensorflow-"));
const globalsBefore = Object.getOwnPropertyNames(globalThis);
const navigatorBefore = Object.getOwnPropertyDescriptor(globalThis, "navigator");
const handlers = () =>
  ["uncaughtException", "unhandledRejection"].map((event) => process.listenerCount(event));
const handlersBefore = handlers();

let gpu: Gpu;
let tensorflow: TensorFlow<AnyMatrix>;

beforeAll(async () => {
  const missing = await failure(
    () =>
      loadLibrary(
        Object.assign(() => {
          throw Object.assign(new Error("Cannot find module"), { code: "MODULE_NOT_FOUND" });
        }) as unknown as NodeJS.Require,
      ),
    "ENGINE_MISSING",
  );
  expect(missing.message).toContain("@tensorflow/tfjs-core");
  expect(missing.hint).toMatch(/^Install it: npm install @tensorflow\/tfjs-core /);
  gpu = await open({ device: "cpu" });
  tensorflow = await gpu.nn.tensorflow();
});
afterAll(async () => {
  tensorflow.dispose();
  await gpu.dispose();
  rmSync(folder, { recursive: true });
});

describe("TensorFlow.js without a WebGPU device", () => {
  it("runs on its WASM backend, says why, and leaves the process as it was", () => {
    expect(tensorflow.backend).toBe("wasm");
    expect(tensorflow.tf.getBackend()).toBe("wasm");
    expect(tensorflow.reason).toBe("the runtime has no WebGPU device");
    expect(tensorflow.device).toBeUndefined();
    expect(handlers()).toEqual(handlersBefore);
    expect(Object.getOwnPropertyDescriptor(globalThis, "navigator")).toEqual(navigatorBefore);
    const added = Object.getOwnPropertyNames(globalThis).filter((name) => !globalsBefore.includes(name));
    expect(added.filter((name) => name.startsWith("GPU"))).toEqual([]);
  });

  it("is the library that a program imports beside it, with its methods of tensors", async () => {
    const core = await import("@tensorflow/tfjs-core");
    const { tf } = tensorflow;
    expect(tf.tensor([1])).toBeInstanceOf(core.Tensor);
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    expect(await x.matMul(x).relu().data()).toEqual(Float32Array.of(7, 10, 15, 22));
    expect(await x.concat(x, 1).data()).toEqual(Float32Array.of(1, 2, 1, 2, 3, 4, 3, 4));
    expect((await x.stack([x, x])).shape).toEqual([3, 2, 2]);
    expect(await x.flatten().as2D(4, 1).data()).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(await x.slice([1, 0], [1, 2]).asType("int32").data()).toEqual(Int32Array.of(3, 4));
    expect(await x.where(x.greater(2), x.neg()).data()).toEqual(Float32Array.of(-1, -2, 3, 4));
    expect(await x.sum().asScalar().data()).toEqual(Float32Array.of(10));
  });

  it("hands tensors to matrices and back, with their types", async () => {
    const { tf } = tensorflow;
    for (const [data, dtype, type] of [
      [Float32Array.of(1.5, -2, 3, 4), "float32", "f32"],
      [Int32Array.of(-1, 2, 3, 4), "int32", "i32"],
      [Uint8Array.of(1, 0, 1, 1), "bool", "bool"],
    ] as const) {
      const tensor = tf.tensor(data as Float32Array, [2, 2], dtype);
      using matrix = await tensorflow.toMatrix(tensor);
      tensor.dispose();
      expect([matrix.dtype, matrix.shape]).toEqual([type, [2, 2]]);
      expect(await matrix.read()).toEqual(data);
      const back = await tensorflow.fromMatrix(matrix);
      expect([back.dtype, back.shape]).toEqual([dtype, [2, 2]]);
      expect(await back.data()).toEqual(data);
      back.dispose();
    }
    const scalar = tf.scalar(4);
    expect((await tensorflow.toMatrix(scalar)).shape).toEqual([]);
    const empty = await tensorflow.fromMatrix(Matrix.zeros([0, 3]));
    expect(empty.shape).toEqual([0, 3]);
  });

  it("refuses what has no counterpart", async () => {
    const { tf } = tensorflow;
    const text = tf.tensor(["text"]);
    expect((await failure(() => tensorflow.toMatrix(text), "UNSUPPORTED")).message).toContain("string");
    const double = Matrix.from(Float64Array.of(1), [1], "f64");
    expect((await failure(() => tensorflow.fromMatrix(double), "UNSUPPORTED")).message).toContain("f64");
    const none = [[1]] as unknown as AnyMatrix;
    await failure(() => tensorflow.fromMatrix(none), "INVALID_ARGUMENT");
    await failure(() => tensorflow.toBuffer(tf.tensor([1])), "UNSUPPORTED");
    const disposed = tf.tensor([1]);
    disposed.dispose();
    await failure(() => tensorflow.toMatrix(disposed), "BUFFER_DISPOSED");
  });

  it("refuses options that make no sense, and a second backend", async () => {
    const wrong = { backend: "webgl" as "wasm" };
    expect((await failure(() => gpu.nn.tensorflow(wrong), "INVALID_ARGUMENT")).message).toContain("webgl");
    const missing = await failure(() => gpu.nn.tensorflow({ backend: "webgpu" }), "DEVICE_NOT_FOUND");
    expect(missing.message).toContain("no device");
    await failure(() => gpu.nn.tensorflow({ device: "webgpu:7" }), "DEVICE_NOT_FOUND");
  });

  it("takes over where a GPU does not open, and only then", async () => {
    const { tensorflow: start } = await import("#src/nn/tensorflow/tensorflow.js");
    const adapters = [{ id: "webgpu:0", backend: "webgpu", kind: "gpu", name: "a GPU" }];
    const device = () => Promise.reject(new AikoError("DEVICE_LOST", { message: "it is gone" }));
    const runtime = { adapters: async () => adapters, device } as unknown as Runtime;
    const bound = await start(runtime, {} as never);
    expect(bound.backend).toBe("wasm");
    bound.dispose();
    await failure(() => start(runtime, {} as never, { backend: "webgpu" }), "DEVICE_LOST");
    await failure(() => start(runtime, {} as never, { device: "webgpu:0" }), "DEVICE_LOST");
  });

  it("stays for others who use it, and starts anew after the last", async () => {
    const again = await gpu.nn.tensorflow({ backend: "wasm" });
    again.dispose();
    again.dispose();
    expect(await tensorflow.tf.add(1, 2).data()).toEqual(Float32Array.of(3));
    await failure(() => again.toMatrix(tensorflow.tf.scalar(1)), "DISPOSED");
    tensorflow.dispose();
    tensorflow = await gpu.nn.tensorflow();
    expect(await tensorflow.tf.add(1, 2).data()).toEqual(Float32Array.of(3));
  });
});

describe("training what WASM has no kernels for", () => {
  it("convolutions and embeddings learn", async () => {
    const { tf } = tensorflow;
    const model = tf.sequential({
      layers: [
        tf.layers.embedding({ inputDim: 10, outputDim: 6, inputLength: 4 }),
        tf.layers.reshape({ targetShape: [4, 6, 1] }),
        tf.layers.conv2d({ filters: 3, kernelSize: 2, activation: "relu" }),
        tf.layers.depthwiseConv2d({ kernelSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.02), loss: "meanSquaredError" });
    const x = tf.tidy(() => tf.floor(tf.randomUniform([64, 4], 0, 10, "float32", 5)));
    const y = tf.tidy(() => x.mean(1, true).div(10));
    const before = tf.memory().numTensors;
    const { history } = await model.fit(x, y, { epochs: 12, verbose: 0, shuffle: false });
    const losses = history["loss"] as number[];
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 4);
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    expect(tf.memory().numTensors - before).toBeLessThan(60);
    expect(tf.engine().findBackend("cpu").numDataIds()).toBe(0);
  });

  it("with the gradients of TensorFlow.js's JavaScript", async () => {
    const { tf } = tensorflow;
    const numbers = (count: number) => Float32Array.from({ length: count }, (_, at) => Math.sin(at * 1.3));
    const image = () => tf.tensor4d(numbers(50), [1, 5, 5, 2]);
    const computations = [
      () =>
        tf.grad((w) =>
          tf
            .conv2d(image(), w as ReturnType<typeof tf.tensor4d>, 1, "same")
            .square()
            .sum(),
        )(tf.tensor4d(numbers(54), [3, 3, 2, 3])),
      () => tf.grad((x) => tf.gather(x, [2, 0, 2]).square().sum())(tf.tensor2d(numbers(12), [4, 3])),
      () => tf.einsum("ij,kj->ik", tf.tensor2d(numbers(6), [2, 3]), tf.tensor2d(numbers(12), [4, 3])),
    ];
    for (const compute of computations) {
      const found = await tf.tidy(compute).data();
      await tf.setBackend("cpu");
      const expected = await tf.tidy(compute).data();
      await tf.setBackend("wasm");
      expect(found).toHaveLength(expected.length);
      found.forEach((value, at) => {
        expect(value).toBeCloseTo(expected[at] ?? Number.NaN, 4);
      });
    }
  });
});

describe("models", () => {
  const saved = async () => {
    const { tf } = tensorflow;
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 4, inputShape: [3], activation: "relu" }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.05), loss: "meanSquaredError" });
    return model;
  };

  it("are defined, trained, saved and loaded", async () => {
    const { tf } = tensorflow;
    const model = await saved();
    const x = tf.randomUniform([64, 3], -1, 1, "float32", 3);
    const y = tf.sum(x, 1, true);
    const { history } = await model.fit(x, y, { epochs: 15, verbose: 0 });
    const losses = history["loss"] as number[];
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 4);
    const path = join(folder, "deep", "model");
    await model.save(tensorflow.files(path), { includeOptimizer: true });
    const loaded = await tf.loadLayersModel(tensorflow.files(path));
    const values = (of: typeof model | typeof loaded) =>
      (of.predict(x) as ReturnType<typeof tf.tensor>).data();
    expect(await values(loaded)).toEqual(await values(model));
    expect(loaded.optimizer).toBeDefined();
  });

  it.each<[string, (json: Record<string, unknown>, weights: Buffer) => readonly [unknown, Buffer], string]>([
    ["text that is no JSON", (_, weights) => ["{", weights], "not JSON"],
    ["JSON that is no model", (_, weights) => [{ a: 1 }, weights], "no modelTopology"],
    ["a list instead of a model", (_, weights) => [[1], weights], "no modelTopology"],
    ["weights cut short", (json, weights) => [json, weights.subarray(0, -1)], "ends inside the weight"],
    ["weights that are too long", (json, weights) => [json, Buffer.concat([weights, weights])], "take 84"],
    ["no weights", (json) => [json, Buffer.alloc(0)], "ends inside the weight"],
    [
      "a path out of the folder",
      (json, weights) => [elsewhere(json, "../../etc/passwd"), weights],
      "outside its folder",
    ],
    ["an absolute path", (json, weights) => [elsewhere(json, "/etc/passwd"), weights], "outside its folder"],
    ["a negative size", (json, weights) => [shaped(json, [-1, 4]), weights], "no shape"],
    ["a huge size", (json, weights) => [shaped(json, [2 ** 40, 4]), weights], "ends inside the weight"],
    ["an unknown type", (json, weights) => [typed(json, "float7"), weights], "float7"],
  ])("refuse %s", async (name, change, message) => {
    const path = join(folder, name);
    await (await saved()).save(tensorflow.files(path));
    const file = join(path, "model.json");
    const weights = join(path, "weights.bin");
    const [json, bytes] = change(JSON.parse(readFileSync(file, "utf8")), readFileSync(weights));
    writeFileSync(file, typeof json === "string" ? json : JSON.stringify(json));
    writeFileSync(weights, bytes);
    const error = await failure(() => tensorflow.tf.loadLayersModel(tensorflow.files(path)), "INVALID_FILE");
    expect(error.message).toContain(path);
    expect(error.message).toContain(message);
  });

  it("say when they are not there, or cannot be written", async () => {
    const none = tensorflow.files(join(folder, "none"));
    await failure(() => tensorflow.tf.loadLayersModel(none), "FILE_NOT_FOUND");
    const file = join(folder, "file");
    writeFileSync(file, "");
    const model = await saved();
    await failure(() => model.save(tensorflow.files(join(file, "inside"))), "INVALID_FILE");
  });
});

interface Group {
  paths: string[];
  weights: { shape: number[]; dtype: string }[];
}

function changed(json: Record<string, unknown>, change: (group: Group) => void) {
  const [group] = json["weightsManifest"] as [Group];
  change(group);
  return json;
}

function elsewhere(json: Record<string, unknown>, path: string) {
  return changed(json, (group) => {
    group.paths = [path];
  });
}

function shaped(json: Record<string, unknown>, shape: number[]) {
  return changed(json, ({ weights: [weight] }) => Object.assign(weight ?? {}, { shape }));
}

function typed(json: Record<string, unknown>, dtype: string) {
  return changed(json, ({ weights: [weight] }) => Object.assign(weight ?? {}, { dtype }));
}
