import { describe, expect, it } from "vitest";
import { AikoError } from "#src/errors.js";
import { type DeviceSource, deviceSample } from "#src/monitor/index.js";
import { Sources } from "#src/monitor/sources.js";

const device = (source: string) => deviceSample({ source, id: `${source}:0`, name: source }, {});

interface Scripted extends DeviceSource {
  asked: number;
  error: unknown;
}

/** A source that sees one device, unless `error` is set. */
function scripted(name: string, error?: unknown): Scripted {
  return {
    name,
    asked: 0,
    error,
    async sample() {
      this.asked++;
      if (this.error !== undefined) throw this.error;
      return [device(name)];
    },
  };
}

const absent = new AikoError("UNSUPPORTED", { message: "none of these here" });
const broken = new AikoError("UNSUPPORTED", { message: "the driver is asleep", hint: "wake it" });

describe("the sources of devices", () => {
  it("are all asked, but of two ways to the same devices only the first that works", async () => {
    const [a, b, c] = [scripted("a"), scripted("b"), scripted("c")];
    const { devices, sources } = await new Sources([[a, b], [c]], undefined).sample();
    expect(devices.map(({ id }) => id)).toEqual(["a:0", "c:0"]);
    expect(sources.map(({ source, state }) => [source, state])).toEqual([
      ["a", "up"],
      ["c", "up"],
    ]);
    expect(b.asked).toBe(0);
  });

  it("say why the first way was left for the second", async () => {
    const { devices, sources } = await new Sources(
      [[scripted("a", broken), scripted("b")]],
      undefined,
    ).sample();
    expect(devices.map(({ id }) => id)).toEqual(["b:0"]);
    expect(sources).toMatchObject([
      { source: "a", state: "failed", reason: "the driver is asleep", fix: "wake it", devices: 0 },
      { source: "b", state: "up", reason: undefined, fix: undefined, devices: 1 },
    ]);
  });

  it("tell what is not there from what fails", async () => {
    const bug = new TypeError("x is not a function");
    const { sources } = await new Sources(
      [[scripted("a", absent)], [scripted("b", bug)]],
      undefined,
    ).sample();
    expect(sources).toMatchObject([
      { state: "absent", reason: "none of these here" },
      { state: "failed", reason: "x is not a function" },
    ]);
  });

  it("end with the last resort only where nothing else sees a device", async () => {
    const last = scripted("last");
    await new Sources([[scripted("a")]], last).sample();
    expect(last.asked).toBe(0);
    const { devices } = await new Sources([[scripted("a", absent)]], last).sample();
    expect(devices.map(({ id }) => id)).toEqual(["last:0"]);
  });

  it("are left alone for 1, 2, 4 ... 60 s after each failure, and back at once when they work", async () => {
    let now = 0;
    const source = scripted("a", broken);
    const sources = new Sources([[source]], undefined, { now: () => now });
    const rests: (number | undefined)[] = [];
    for (let failures = 1; failures <= 8; failures++) {
      const { sources: states } = await sources.sample();
      expect(source.asked).toBe(failures);
      const rest = states[0]?.retryInMs ?? 0;
      rests.push(rest);
      now += rest - 1;
      await sources.sample();
      expect(source.asked).toBe(failures);
      now += 1;
    }
    expect(rests).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    source.error = undefined;
    expect((await sources.sample()).devices).toHaveLength(1);
    expect((await sources.sample()).devices).toHaveLength(1);
    source.error = broken;
    expect((await sources.sample()).sources[0]?.retryInMs).toBe(1000);
  });

  it("do not wait for one that hangs, nor ask it twice", async () => {
    let now = 0;
    let asked = 0;
    let answer: (devices: []) => void = () => {};
    const hanging: DeviceSource = {
      name: "hanging",
      sample: () => {
        asked++;
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    };
    const sources = new Sources([[hanging], [scripted("b")]], undefined, { timeoutMs: 20, now: () => now });
    const { devices, sources: states } = await sources.sample();
    expect(devices.map(({ id }) => id)).toEqual(["b:0"]);
    expect(states[0]).toMatchObject({ state: "failed", reason: "hanging did not answer within 20 ms" });
    now += 1000;
    await sources.sample();
    expect(asked).toBe(1);
    answer([]);
    await new Promise((resolve) => setImmediate(resolve));
    now += 2000;
    const again = sources.sample();
    await new Promise((resolve) => setImmediate(resolve));
    answer([]);
    expect((await again).sources[0]?.state).toBe("up");
    expect(asked).toBe(2);
  });

  it("are all let go of, whatever one does", async () => {
    const gone: string[] = [];
    const source = (name: string): DeviceSource => ({
      ...scripted(name),
      async dispose() {
        gone.push(name);
        if (name === "a") throw absent;
      },
    });
    await new Sources([[source("a"), source("b")]], source("c")).dispose();
    expect(gone).toEqual(["a", "b", "c"]);
  });
});
