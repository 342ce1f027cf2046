import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WebGpuDevice } from "#src/device/webgpu/device.js";
import { type AnyMatrix, type Gpu, Matrix, open } from "#src/index.js";
import { matrixExchange } from "#src/matrix/exchange.js";
import type { TensorFlow } from "#src/nn/index.js";
import { failure } from "../support/errors.js";

const globalsBefore = Object.getOwnPropertyNames(globalThis);

let gpu: Gpu;
let tensorflow: TensorFlow<AnyMatrix>;
let device: WebGpuDevice;

async function start(): Promise<string | undefined> {
  try {
    gpu = await open({ device: "webgpu" });
    tensorflow = await gpu.nn.tensorflow({ backend: "webgpu" });
    device = tensorflow.device as WebGpuDevice;
    return undefined;
  } catch (error) {
    if (process.env.AIKORYU_REQUIRE_DEVICES?.includes("webgpu")) throw error;
    return String(error);
  }
}

let absent: string | undefined;
beforeAll(async () => {
  absent = await start();
});
afterAll(async () => {
  if (absent !== undefined) return;
  tensorflow.dispose();
  await gpu.dispose();
});

const test = (name: string, body: () => Promise<void>) =>
  it(name, async (context) => {
    if (absent !== undefined) return context.skip(absent);
    await body();
  });

const nativeOf = (buffer: Parameters<WebGpuDevice["native"]["bufferOf"]>[0]) =>
  device.native.bufferOf(buffer).buffer;

const onDevice = async (rows: readonly (readonly number[])[]) => {
  const identity = rows.map((_, row) => rows.map((_, column) => (row === column ? 1 : 0)));
  const matrix = await gpu.matrix.multiply(identity, rows, { placement: "gpu", strict: true });
  expect(matrix.location).toBe("device");
  return matrix;
};

describe("TensorFlow.js on our WebGPU device", () => {
  test("chooses WASM by itself where WebGPU is software, and touches no global", async () => {
    if (device.adapter.kind === "cpu") {
      const refused = await failure(() => gpu.nn.tensorflow(), "UNSUPPORTED");
      expect(refused.message).toContain("one engine a process");
    }
    expect([tensorflow.backend, tensorflow.tf.getBackend()]).toEqual(["webgpu", "webgpu"]);
    const added = Object.getOwnPropertyNames(globalThis).filter((name) => !globalsBefore.includes(name));
    expect(added.filter((name) => name.startsWith("GPU") || name === "navigator")).toEqual([]);
  });

  test("makes a tensor of a matrix's own memory, which outlives the matrix", async () => {
    const { tf } = tensorflow;
    const matrix = await onDevice([
      [1, 2],
      [3, 4],
    ]);
    const held = await matrixExchange(gpu.runtime).hold(matrix, device);
    const tensor = await tensorflow.fromMatrix(matrix);
    const buffer = tensorflow.toBuffer(tensor);
    expect(nativeOf(buffer)).toBe(held === undefined ? undefined : nativeOf(held.buffer));
    buffer.dispose();
    held?.release();
    matrix.dispose();
    const others = await Promise.all(
      Array.from({ length: 4 }, (_, at) =>
        onDevice([
          [at, at],
          [at, at],
        ]),
      ),
    );
    expect(await tf.matMul(tensor, tensor).data()).toEqual(Float32Array.of(7, 10, 15, 22));
    expect(await tensor.data()).toEqual(Float32Array.of(1, 2, 3, 4));
    for (const other of others) other.dispose();
    const before = (await gpu.runtime.memory(device.adapter.id)).statistics().inUseBytes;
    tensor.dispose();
    tf.tidy(() => void tf.ones([1]));
    await tf.add(1, 1).data();
    expect((await gpu.runtime.memory(device.adapter.id)).statistics().inUseBytes).toBeLessThan(before);
  });

  test("makes a matrix of a tensor's own memory, which outlives the tensor", async () => {
    const { tf } = tensorflow;
    const tensors = tf.memory().numTensors;
    const tensor = tf.tidy(() => tf.add(tf.range(0, 12).reshape([3, 4]), 0.5));
    const buffer = tensorflow.toBuffer(tensor);
    const native = nativeOf(buffer);
    buffer.dispose();
    const matrix = (await tensorflow.toMatrix(tensor)) as Matrix;
    tensor.dispose();
    expect(matrix.location).toBe("device");
    const held = await matrixExchange(gpu.runtime).hold(matrix, device);
    expect(held === undefined ? undefined : nativeOf(held.buffer)).toBe(native);
    held?.release();
    using product = await gpu.matrix.multiply(matrix, matrix, {
      transposeB: true,
      placement: "gpu",
      strict: true,
    });
    expect((await product.toArray())[1]).toEqual([53, 149, 245]);
    expect(await matrix.read()).toEqual(Float32Array.from({ length: 12 }, (_, at) => at + 0.5));
    expect(tf.memory().numTensors).toBe(tensors + 1);
    matrix.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test("takes tensors and matrices whose bytes fill no block, views, and what is on the host", async () => {
    const { tf } = tensorflow;
    for (const length of [1, 2, 3, 5, 31, 33, 255, 257]) {
      const values = Float32Array.from({ length }, (_, at) => at - 3.5);
      const tensor = tf.tidy(() => tf.mul(tf.tensor1d(values), 2));
      using matrix = await tensorflow.toMatrix(tensor);
      using doubled = await gpu.matrix.multiply(
        Matrix.from([[2]]),
        (await tensorflow.toMatrix(tensor.reshape([1, length]))) as Matrix,
        { placement: "gpu", strict: true },
      );
      expect(await doubled.read()).toEqual(values.map((value) => 4 * value));
      const back = await tensorflow.fromMatrix(doubled);
      expect(await back.data()).toEqual(values.map((value) => 4 * value));
      expect(await matrix.read()).toEqual(values.map((value) => 2 * value));
    }
    const hosted = await tensorflow.fromMatrix(Matrix.from(Int32Array.of(1, -2), [2], "i32"));
    expect(await tf.mul(hosted, tf.scalar(3, "int32")).data()).toEqual(Int32Array.of(3, -6));
    const flags = await tensorflow.toMatrix(tf.greater(tf.tensor1d([1, 2, 3]), 1.5));
    expect([flags.dtype, await flags.read()]).toEqual(["bool", Uint8Array.of(0, 1, 1)]);
    const buffer = device.allocate(1024);
    device.write(
      buffer,
      Float32Array.from({ length: 256 }, (_, at) => at),
    );
    const part = tensorflow.fromBuffer(buffer.view(256, 16), [4]);
    expect(await part.data()).toEqual(Float32Array.of(64, 65, 66, 67));
    const whole = tensorflow.fromBuffer(buffer, [16, 16]);
    expect((await tf.sum(whole).data())[0]).toBe((255 * 256) / 2);
    tf.dispose([part, whole]);
    buffer.dispose();
  });

  test("runs in order with our own kernels on the same memory", async () => {
    const { tf } = tensorflow;
    const kernel = await device.compile(`@group(0) @binding(0) var<storage, read_write> data: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < arrayLength(&data)) { data[id.x] += 1; } }`);
    const buffer = device.allocate(400);
    for (let round = 1; round <= 3; round++) {
      device.dispatchThreads(kernel, { data: buffer }, 100);
      const tensor = tensorflow.fromBuffer(buffer, [100]);
      const sum = tf.sum(tensor);
      tensor.dispose();
      expect((await sum.data())[0]).toBe(100 * round);
    }
    buffer.dispose();
  });
});

describe("errors of the device", () => {
  test("are raised where TensorFlow.js would have computed zeros", async () => {
    const { tf } = tensorflow;
    const ones = tf.ones([2, 2, 2, 2, 2]);
    const around = Array.from({ length: 5 }, () => [1, 1] as [number, number]);
    const pad = await failure(() => tf.pad(ones, around), "COMPILE_FAILED");
    expect(pad.message).toContain("PadProgram does not compile");
    expect(pad.hint).toContain('backend: "wasm"');
    const gradient = tf.grad((x) => tf.sum(tf.slice(x, [0, 0, 0, 0, 0], [1, 1, 2, 2, 2])));
    await failure(() => gradient(ones), "COMPILE_FAILED");
    expect(await tf.sum(ones).data()).toEqual(Float32Array.of(32));
    const warm = await failure(() => tensorflow.warmUp(() => tf.pad(ones, around)), "COMPILE_FAILED");
    expect(warm.message).toContain("PadProgram");
  });

  test("and reading at once, which would need a browser, is refused", async () => {
    const { tf } = tensorflow;
    const tensor = tf.add(tf.ones([2000]), 1);
    expect((await failure(() => tensor.dataSync(), "UNSUPPORTED")).hint).toContain("await tensor.data()");
    expect((await tensor.data())[7]).toBe(2);
    const complex = tf.complex(tf.tensor1d([1]), tf.tensor1d([2]));
    expect((await failure(() => tensorflow.toMatrix(complex), "UNSUPPORTED")).message).toContain("complex64");
  });

  test("a buffer that is gone is named at once", async () => {
    const buffer = device.allocate(64);
    buffer.dispose();
    await failure(() => tensorflow.fromBuffer(buffer, [4]), "BUFFER_DISPOSED");
  });

  test("warming up compiles without computing, off the thread", async () => {
    const { tf } = tensorflow;
    const x = tf.ones([7, 9]);
    await tensorflow.warmUp(() => tf.atan(tf.matMul(x, x, true)));
    expect((await tf.sum(tf.atan(tf.matMul(x, x, true))).data())[0]).toBeCloseTo(81 * Math.atan(7), 3);
  });
});

type Tf = TensorFlow["tf"];
type Tensor = ReturnType<Tf["tensor"]>;

const operations: Readonly<Record<string, (tf: Tf, x: Tensor) => Tensor>> = {
  matMul: (tf, x) => tf.matMul(x, x, false, true),
  softmax: (tf, x) => tf.softmax(x),
  logSumExp: (tf, x) => tf.logSumExp(x, 1),
  mean: (tf, x) => tf.mean(x, 0),
  max: (tf, x) => tf.max(x, 1),
  transpose: (tf, x) => tf.transpose(x),
  slice: (tf, x) => tf.slice(x, [1, 2], [3, 4]),
  pad: (tf, x) =>
    tf.pad(x, [
      [1, 2],
      [0, 3],
    ]),
  concat: (tf, x) => tf.concat([x, x], 1),
  gather: (tf, x) => tf.gather(x, tf.tensor1d([3, 0, 0], "int32")),
  tile: (tf, x) => tf.tile(x, [2, 1]),
  relu: (tf, x) => tf.relu(x),
  sigmoid: (tf, x) => tf.sigmoid(x),
  tanh: (tf, x) => tf.tanh(x),
  exp: (tf, x) => tf.exp(x),
  pow: (tf, x) => tf.pow(tf.abs(x), 1.5),
  divide: (tf, x) => tf.div(1, tf.add(tf.square(x), 1)),
  maximum: (tf, x) => tf.maximum(x, tf.neg(x)),
  where: (tf, x) => tf.where(tf.greater(tf.range(-17, 18).reshape([5, 7]), 0), x, tf.mul(x, 0.1)),
  conv2d: (tf, x) =>
    tf.conv2d(tf.reshape(x, [1, 5, 7, 1]) as never, tf.ones([3, 3, 1, 2]) as never, 1, "same"),
  maxPool: (tf, x) => tf.maxPool(tf.reshape(x, [1, 5, 7, 1]) as never, 2, 1, "valid"),
};

describe("operations and their gradients agree with TensorFlow.js's JavaScript", () => {
  it.each(Object.entries(operations))("%s", { timeout: 60_000 }, async (_, operation) => {
    if (absent !== undefined) return;
    const { tf } = tensorflow;
    await import("@tensorflow/tfjs-backend-cpu");
    const values = Float32Array.from({ length: 35 }, (_, at) => Math.sin(at * 1.7) * 2 + at / 100);
    const compute = async (backend: string) => {
      await tf.setBackend(backend);
      const x = tf.tensor(values, [5, 7]);
      const result = operation(tf, x);
      const gradient = tf.grad((input) => tf.sum(tf.square(operation(tf, input))))(x);
      const found = [await result.data(), await gradient.data()].map((data) =>
        Array.from(data as Float32Array),
      );
      tf.dispose([x, result, gradient]);
      return found;
    };
    try {
      const expected = await compute("cpu");
      const found = await compute("webgpu");
      found.forEach((list, which) => {
        expect(list).toHaveLength(expected[which]?.length ?? -1);
        list.forEach((value, at) => {
          expect(value).toBeCloseTo(expected[which]?.[at] ?? Number.NaN, 2);
        });
      });
    } finally {
      await tf.setBackend("webgpu");
    }
  });
});

describe("the end", () => {
  test("matrices of tensors outlive TensorFlow.js, and it comes back", async () => {
    const matrix = await tensorflow.toMatrix(
      tensorflow.tf.tidy(() => tensorflow.tf.mul(tensorflow.tf.range(0, 3000), 3)),
    );
    expect(matrix.location).toBe("device");
    tensorflow.dispose();
    expect(await matrix.read()).toEqual(Float32Array.from({ length: 3000 }, (_, at) => 3 * at));
    matrix.dispose();
    tensorflow = await gpu.nn.tensorflow({ backend: "webgpu" });
    expect(await tensorflow.tf.add(1, 2).data()).toEqual(Float32Array.of(3));
  });

  test("a lost device is said at the next call, and another one takes over", async () => {
    const { tf } = tensorflow;
    const tensor = tf.tidy(() => tf.add(tf.ones([3000]), 1));
    device.simulateLoss();
    await device.lost;
    await failure(() => tensor.data(), "DEVICE_LOST");
    await failure(() => tf.add(tensor, 1), "DEVICE_LOST");
    const again = await gpu.nn.tensorflow({ backend: "webgpu" });
    expect((await again.tf.add(again.tf.ones([3000]), 1).data())[2999]).toBe(2);
    tensorflow.dispose();
    expect(await again.tf.add(1, 2).data()).toEqual(Float32Array.of(3));
    again.dispose();
  });

  test("the runtime may be closed first", async () => {
    const other = await open({ device: "webgpu" });
    const bound = await other.nn.tensorflow({ backend: "webgpu" });
    const tensor = bound.tf.tidy(() => bound.tf.add(bound.tf.ones([3000]), 1));
    const matrix = await bound.toMatrix(tensor);
    await other.dispose();
    await failure(() => tensor.data(), "DEVICE_LOST");
    await failure(() => matrix.read(), "BUFFER_DISPOSED");
    bound.dispose();
    matrix.dispose();
    tensor.dispose();
  });
});
