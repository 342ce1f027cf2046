import { rename, rm, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { open } from "aikoryu";
import { height, type Positions, picture, width } from "./picture.ts";
import { toPng } from "./png.ts";

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "1000000" },
    steps: { type: "string", default: "200" },
    out: { type: "string", default: "circles.png" },
  },
});
const [count, steps] = [Number(values.agents), Number(values.steps)];
const controller = new AbortController();
const stop = () => controller.abort();
process.once("SIGINT", stop);

const unfinished = `${values.out}.${process.pid}`;
try {
  await using gpu = await open();
  using circles = await gpu.agents.boards.circles({ count, dimensions: 2, radius: 4, strength: 0.1 });
  const { agents, simulation } = circles;
  const positions = async (): Promise<Positions> => ({
    x: await agents.read("x"),
    y: await agents.read("y"),
  });
  const before = await positions();
  const { report } = await simulation.run(steps, {
    report: true,
    signal: controller.signal,
    progress: (done) => {
      if (process.stderr.isTTY)
        process.stderr.write(`\r${done} of ${steps} steps${done === steps ? "\n" : ""}`);
    },
  });
  const pixels = picture(before, await positions(), Math.min(circles.size, 64));
  await writeFile(unfinished, await toPng(width, height, pixels), { signal: controller.signal });
  await rename(unfinished, values.out);
  const drift = (await agents.read("drift")).reduce((sum, each) => sum + each, 0) / Math.max(1, count);
  console.log(`${count} agents, ${steps} steps, on the ${report?.placement}: ${report?.reason}`);
  console.log(`an agent moved ${drift.toFixed(3)} in the last step`);
  console.log(`wrote ${values.out}`);
} catch (error) {
  if (!controller.signal.aborted) throw error;
  console.error("\nstopped");
  process.exitCode = 130;
} finally {
  process.removeListener("SIGINT", stop);
  await rm(unfinished, { force: true });
}
