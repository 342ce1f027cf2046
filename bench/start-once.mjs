import { open } from "aikoryu";
import { Matrix } from "aikoryu/matrix";

const [cacheDirectory] = process.argv.slice(2);
const gpu = await open({ cacheDirectory });
const device = await gpu.device();
const compile = device.compile.bind(device);
let ms = 0;
let compiled = 0;
device.compile = async (...args) => {
  const start = performance.now();
  const kernel = await compile(...args);
  ms += performance.now() - start;
  if (!kernel.cached) compiled++;
  return kernel;
};
for (const size of [64, 1024]) {
  const ones = Matrix.from(new Float32Array(size * size).fill(1), [size, size]);
  const product = await gpu.matrix.multiply(ones, ones, { placement: "gpu", strict: true });
  await product.read();
  product.dispose();
  ones.dispose();
}
process.stdout.write(JSON.stringify({ compiled, ms, keepsCache: device.adapter.backend === "opencl" }));
await gpu.dispose();
