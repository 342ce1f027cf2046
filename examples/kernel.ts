import { open } from "aikoryu";

const wgsl = `
@group(0) @binding(0) var<storage, read> celsius: array<f32>;
@group(0) @binding(1) var<storage, read_write> fahrenheit: array<f32>;

@compute @workgroup_size(64)
fn convert(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&celsius)) { return; }
  fahrenheit[id.x] = celsius[id.x] * 1.8 + 32.0;
}
`;

await using gpu = await open();
const device = await gpu.device();

const celsius = new Float32Array([-40, 0, 37, 100]);
using source = device.allocate(celsius.byteLength);
using target = device.allocate(celsius.byteLength);
device.write(source, celsius);

using kernel = await device.compile(wgsl);
device.dispatchThreads(kernel, { celsius: source, fahrenheit: target }, celsius.length);
const bytes = await device.read(target);
const fahrenheit = new Float32Array(bytes.buffer, bytes.byteOffset, celsius.length);
console.log(Array.from(fahrenheit, (degrees) => degrees.toFixed(1)).join(" "));
