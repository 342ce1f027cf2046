import { open } from "aikoryu";
import { Matrix } from "aikoryu/matrix";
import { medianGap, randomFloats } from "./harness.mjs";

const [id = "", edge = "1024"] = process.argv.slice(2);
const size = Number(edge);

/**
 * The longest gaps in the event loop, as a program sees them that runs already: opened, its libraries loaded. Each compilation is of a new text.
 * @param {Float32Array} a
 */
async function gaps(a) {
  const gpu = await open({ device: id, cacheDirectory: false });
  const device = await gpu.device();
  const matrix = Matrix.from(a, [size, size]);
  const results = device.allocate(256);
  let texts = 0;
  const compile = async () => {
    const kernel = await device.compile(newKernel(++texts));
    device.dispatch(kernel, { results }, 1);
    await device.wait();
    kernel.dispose();
  };
  /** @param {"gpu" | "cpu"} placement @param {number} times */
  const multiply = async (placement, times) => {
    const products = await Promise.all(
      Array.from({ length: times }, () => gpu.matrix.multiply(matrix, matrix, { placement, strict: true })),
    );
    await products.at(-1)?.read();
    for (const product of products) product.dispose();
  };
  try {
    await compile();
    for (const placement of /** @type {const} */ (["gpu", "cpu"])) await multiply(placement, 1);
    const compiling = await medianGap(compile);
    const multiplying = await medianGap(() => multiply("gpu", 1));
    const onCpu = await medianGap(() => multiply("cpu", 1));
    const waiting = await medianGap(() => multiply("gpu", 20));
    return { compiling, multiplying, onCpu, waiting };
  } finally {
    matrix.dispose();
    results.dispose();
    await gpu.dispose();
  }
}

/** A kernel no cache knows. @param {number} seed */
function newKernel(seed) {
  return `
    @group(0) @binding(0) var<storage, read_write> results: array<f32, 64>;
    fn step(value: f32, at: u32) -> f32 { return value * ${seed}.5 + f32(at); }
    @compute @workgroup_size(64) fn run(@builtin(local_invocation_index) i: u32) {
      var value = 0.0;
      for (var at = 0u; at < 16u; at++) { value = step(value, at); }
      results[i] = value;
    }`;
}

process.stdout.write(JSON.stringify(await gaps(randomFloats(size * size, 1))));
