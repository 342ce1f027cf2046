import { open } from "aikoryu";
import { map } from "aikoryu/kernels";
import type { StreamOperation } from "aikoryu/runtime";

/** A day of readings from a thousand thermometers, one batch a minute: more than the device may hold at once. */
function* readings(): Generator<Float32Array> {
  for (let minute = 0; minute < 1440; minute++) {
    yield Float32Array.from({ length: 1000 }, (_, meter) => (minute + meter) % 101);
  }
}

const toFahrenheit: StreamOperation<Float32Array, Float32Array> = {
  name: "example.fahrenheit",
  outputBytes: (batch) => batch.byteLength,
  gpu: (input, output, { device, batch }) =>
    map(device, { inputs: [input], result: output, count: batch.length, expression: "a * 1.8 + 32.0" }),
  host: (byteLength) => new Float32Array(byteLength / Float32Array.BYTES_PER_ELEMENT),
  cpu: (batch) => batch.map((celsius) => celsius * 1.8 + 32),
};

await using gpu = await open({ memoryBudgetBytes: 64 * 1024 });

let count = 0;
let warmest = Number.NEGATIVE_INFINITY;
for await (const fahrenheit of gpu.runtime.stream(readings(), toFahrenheit)) {
  count += fahrenheit.length;
  warmest = Math.max(warmest, ...fahrenheit);
}
console.log(`${count} readings, the warmest ${warmest.toFixed(1)} °F`);
