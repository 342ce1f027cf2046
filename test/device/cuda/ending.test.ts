import { describe, expect, it } from "vitest";
import * as kernels from "#src/device/conformance/kernels.js";
import { runModule } from "../../support/child.ts";
import { buildFakeCuda, fakeEnvironment } from "../../support/cuda/index.ts";

const built = await buildFakeCuda();
const missing = typeof built === "string" ? built : undefined;

const script = (body: string, options: string) => `
  import { discoverCuda } from "#src/device/cuda/adapter.js";
  const [adapter] = (await discoverCuda()).adapters;
  const device = await adapter.open({ timeoutMs: 500 });
  const kernel = await device.compile(${JSON.stringify(kernels.endless)}, ${options});
  const cell = device.allocate(8);
  device.dispatch(kernel, { cell }, 1);
  process.on("exit", (code) => console.log("exit", code));
  const code = (work) => work.then(() => "done", (error) => error.code);
  ${body}`;

describe.skipIf(missing !== undefined)(`a process whose GPU hangs: ${missing ?? "a fake one"}`, () => {
  it.concurrent.each([
    ["when it is told to", "device.wait().catch(() => {}); setTimeout(() => process.exit(3), 100);", 3, ""],
    [
      "with an error that nobody catches",
      'device.wait().catch(() => {}); setTimeout(() => { throw new TypeError("mine"); }, 100);',
      1,
      "",
    ],
    [
      "by itself after the time limit",
      "console.log(await code(device.wait()), await code(device.wait())); cell.dispose(); kernel.dispose();",
      0,
      "TIMEOUT DEVICE_LOST\n",
    ],
    [
      "after dispose",
      "console.log(await code(device.read(cell))); await device.dispose(); process.exitCode = 5;",
      5,
      "TIMEOUT\n",
    ],
  ])("ends %s", async (_, body, status, printed) => {
    if (typeof built === "string") throw new Error(built);
    const ended = await runModule(script(body, "{ unchecked: true }"), fakeEnvironment(built));
    expect(ended, ended.stderr).toMatchObject({ code: status, signal: null });
    expect(ended.stdout).toBe(`${printed}exit ${status}\n`);
    expect(ended.ms).toBeLessThan(15_000);
  });

  it.concurrent("does not wait for a kernel that looks at the watchdog", async () => {
    if (typeof built === "string") throw new Error(built);
    const body = `
      console.log(await code(device.wait()));
      await device.dispose();
      const again = await adapter.open();
      console.log((await again.read(again.allocate(4))).length);
      await again.dispose();`;
    const ended = await runModule(script(body, "{}"), fakeEnvironment(built));
    expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null, stdout: "TIMEOUT\n4\nexit 0\n" });
    const told = await runModule(script("process.exit(2);", "{}"), fakeEnvironment(built));
    expect(told, told.stderr).toMatchObject({ code: 2, stdout: "exit 2\n" });
  });
});
