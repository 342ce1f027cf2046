import { open } from "aikoryu";

await using gpu = await open();
await gpu.matrix.multiply([[1, 2]], [[3], [4]]);

let seen = 0;
for await (const { host, devices, runtime } of gpu.monitor.watch({ intervalMs: 250, keepAlive: true })) {
  const use = Math.round((host.cpuUtilization ?? 0) * 100);
  console.log(`processors ${use} % in use, ${devices.length} devices`);
  for (const { operation, placement, calls } of runtime?.operations ?? []) {
    console.log(`${operation} on the ${placement}: ${calls} calls`);
  }
  if (++seen === 2) break;
}

const metrics = await gpu.monitor.prometheus();
console.log(metrics.split("\n").find((line) => line.startsWith("aikoryu_operation_calls_total")));
