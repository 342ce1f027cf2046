import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { Bus, defineMessage, Emitter } from "#src/agents/bus/index.js";

describe("an emitter", () => {
  it.each([0, 1, 2, 3, 10, 100])("calls %i functions in order, also beside one that throws", (count) => {
    const errors: unknown[] = [];
    const emitter = new Emitter<number>("ticks", { onError: (error) => errors.push(error) });
    const called: number[] = [];
    const boom = new RangeError("boom");
    for (let at = 0; at < count; at++) {
      emitter.on((body) => {
        called.push(at);
        if (at % 3 === 0 || body < 0) throw boom;
      });
    }
    expect(emitter.emit(1)).toBe(count);
    expect(called).toEqual(Array.from({ length: count }, (_, at) => at));
    expect(errors).toEqual(Array.from({ length: Math.ceil(count / 3) }, () => boom));
  });

  it("goes on with those it began with while functions come and go", () => {
    const emitter = new Emitter<string>("ticks");
    const called: string[] = [];
    const second = () => void called.push("second");
    const leave = emitter.on(() => {
      called.push("first");
      emitter.off(second);
      emitter.on(() => void called.push("third"));
      leave();
    });
    emitter.on(second);
    emitter.emit("x");
    expect(called).toEqual(["first", "second"]);
    emitter.emit("x");
    expect(called).toEqual(["first", "second", "third"]);
    leave();
    emitter.off(second);
    expect(emitter.size).toBe(1);
  });

  it("warns of what is thrown where nobody else wants it", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const emitter = new Emitter<null>("ticks");
    emitter.on(() => {
      throw new RangeError("boom");
    });
    emitter.emit(null);
    expect(warn.mock.calls[0]?.[0]).toMatchObject({ code: "HANDLER_FAILED", message: "boom" });
    warn.mockRestore();
  });

  it("is the same for all who ask a bus for it", async () => {
    await using bus = new Bus();
    const Tick = defineMessage("tick", z.object({ at: z.number() }));
    const seen: number[] = [];
    bus.emitter(Tick).on(({ at }) => seen.push(at));
    bus.emitter(Tick).emit({ at: 1 });
    expect(seen).toEqual([1]);
  });
});
