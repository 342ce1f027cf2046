import { describe, expect, it } from "vitest";
import type { ErrorCode } from "#src/errors.js";
import { javascriptEngine } from "#src/runtime/javascript/index.js";
import { failure } from "../support/errors.js";

const module = new URL("../support/tasks.js", import.meta.url).href;
const large = Number.POSITIVE_INFINITY;

describe("the JavaScript engine", () => {
  it.each([
    ["on a thread of its own", large],
    ["at once", 1],
  ])("changes the caller's arrays %s", async (_, effort) => {
    const whole = Float64Array.from({ length: 1000 }, (__, at) => at);
    const part = whole.subarray(3, 703);
    const empty = new Int8Array(0);
    const request = { module, name: "scale", arrays: [part, empty], parameters: { factor: 2 }, effort };
    const { value } = await javascriptEngine.run(request);
    expect(value).toEqual({ count: 700, empty: 0 });
    expect(whole).toEqual(Float64Array.from(whole, (__, at) => (at >= 3 && at < 703 ? 2 * at : at)));
  });

  it("runs more tasks than threads, in any type", async () => {
    const arrays = [Float32Array, Int16Array, Uint8Array, BigInt64Array].flatMap((type) =>
      Array.from({ length: 50 }, (_, at) => new type(at + 1)),
    );
    await Promise.all(
      arrays.map((array) => javascriptEngine.run({ module, name: "count", arrays: [array], effort: large })),
    );
    for (const array of arrays) expect(Number(array.at(-1))).toBe(array.length);
  });

  it("rejects with what a task throws, names a missing one, and goes on", async () => {
    const run = (name: string, code: ErrorCode, parameters?: unknown) =>
      failure(() => javascriptEngine.run({ module, name, arrays: [], parameters, effort: large }), code);
    expect((await run("fail", "INTERNAL")).message).toBe("no such luck");
    expect((await run("absent", "INTERNAL")).message).toContain('no task "absent"');
    await run("scale", "INVALID_ARGUMENT", () => 1);
    const controller = new AbortController();
    controller.abort();
    const { signal } = controller;
    await failure(() => javascriptEngine.run({ module, name: "fail", arrays: [], signal }), "ABORTED");
    const one = new Float32Array(1);
    await javascriptEngine.run({ module, name: "count", arrays: [one], effort: large });
    expect(one[0]).toBe(1);
  });
});
