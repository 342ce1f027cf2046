import { describe, expect, it } from "vitest";
import { runModule } from "../../support/child.ts";

const start = `
import { Bus } from "#src/agents/bus/index.js";
import { z } from "zod";
const bus = new Bus();
await bus.agent({ name: "echo", accepts: { x: z.number() }, handler: ({ body }) => body });
`;

describe("a process with a bus", () => {
  it("ends by itself when nothing is left to do", async () => {
    const { code, stdout, stderr } = await runModule(`${start}
console.log(await bus.request("echo", "x", 7));`);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "7\n", stderr: "" });
  });

  it("ends after the bus is disposed, whatever its handlers and requests wait for", async () => {
    const { code, stdout, stderr } = await runModule(`${start}
await bus.agent({ name: "stuck", accepts: { x: z.number() }, handler: () => new Promise(() => {}) });
await bus.agent({ name: "sad", accepts: { x: z.number() }, retries: 9, retryDelayMs: 60_000, handler: () => { throw 1; } });
await bus.send("stuck", "x", 1);
await bus.send("sad", "x", 1);
const asked = bus.request("stuck", "x", 2).catch(({ code }) => console.log(code));
await new Promise(setImmediate);
await bus.dispose({ drainMs: 10 });
await asked;`);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "ABORTED\n", stderr: "" });
  });
});
