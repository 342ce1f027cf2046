import { describe, expect, it } from "vitest";
import { AikoError } from "#src/errors.js";
import { Breaker } from "#src/runtime/breaker.js";

const lost = new AikoError("DEVICE_LOST", { message: "gone" });
const timeout = new AikoError("TIMEOUT", { message: "hung" });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a breaker", () => {
  it("rests after failures in a row, not after failures between successes", () => {
    const breaker = new Breaker();
    for (let i = 0; i < 5; i++) {
      breaker.enter()?.fail(lost);
      breaker.enter()?.fail(lost);
      breaker.enter()?.succeed();
    }
    expect(breaker.enter()).toBeDefined();
    for (let i = 0; i < 3; i++) breaker.enter()?.fail(lost);
    expect(breaker.enter()).toBeUndefined();
    expect(breaker.restMsLeft).toBeGreaterThan(29_000);
    expect(breaker.lastError).toBe(lost);
  });

  it("rests at once after a timeout, then lets exactly one call probe", async () => {
    const breaker = new Breaker({ restMs: 20 });
    breaker.enter()?.fail(timeout);
    expect(breaker.enter()).toBeUndefined();
    await pause(25);
    const probe = breaker.enter();
    expect(probe).toBeDefined();
    expect(breaker.enter()).toBeUndefined();
    probe?.fail(lost);
    expect(breaker.enter()).toBeUndefined();
    await pause(25);
    breaker.enter()?.cancel();
    breaker.enter()?.succeed();
    expect(breaker.enter()).toBeDefined();
    expect(breaker.enter()).toBeDefined();
  });

  it("counts one loss once, however many calls were under way", () => {
    const breaker = new Breaker();
    const calls = Array.from({ length: 20 }, () => breaker.enter());
    for (const call of calls) call?.fail(lost);
    expect(breaker.restMsLeft).toBe(0);
    breaker.enter()?.fail(lost);
    expect(breaker.restMsLeft).toBe(0);
    breaker.enter()?.fail(lost);
    expect(breaker.restMsLeft).toBeGreaterThan(29_000);
  });

  it("keeps resting whatever comes late from before", () => {
    const breaker = new Breaker();
    const early = breaker.enter();
    breaker.enter()?.fail(timeout);
    early?.succeed();
    expect(breaker.enter()).toBeUndefined();
  });

  it("rests at once after a timeout of a call that began before another failure", () => {
    const breaker = new Breaker();
    const early = breaker.enter();
    breaker.enter()?.fail(lost);
    early?.fail(timeout);
    expect(breaker.enter()).toBeUndefined();
    expect(breaker.lastError).toBe(timeout);
  });
});
