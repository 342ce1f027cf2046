import { describe, expect, it } from "vitest";
import { behaviours, conformance } from "#src/device/conformance/index.js";
import { adapters, onEveryDevice } from "../support/devices.ts";
import { printSupportMatrix, support } from "../support/matrix.ts";

onEveryDevice("the device contract", (adapter, device) => {
  for (const { name, unless, body } of behaviours) {
    it(name, async (context) => {
      const reason = unless?.(adapter);
      support(name, adapter.id, reason ?? "no");
      if (reason !== undefined) context.skip(reason);
      await body(await device(), adapter);
      support(name, adapter.id, "yes");
    });
  }
});

describe("conformance", () => {
  it("gives a verdict on every behaviour", async () => {
    const [adapter] = adapters.filter(({ backend }) => backend === "null");
    if (adapter === undefined) return expect.fail("there is always a null device");
    const verdicts = await conformance(adapter);
    expect(verdicts.map(({ behaviour }) => behaviour)).toEqual(behaviours.map(({ name }) => name));
    expect(verdicts.filter(({ outcome }) => outcome === "no")).toEqual([]);
    expect(verdicts.find(({ outcome }) => outcome === "skipped")?.reason).toBe("computes nothing");
  });

  it("says what a device does otherwise", async () => {
    const [honest] = adapters.filter(({ backend }) => backend === "null");
    if (honest === undefined) return expect.fail("there is always a null device");
    const pretends = Object.create(honest, { kind: { value: "gpu" } });
    const verdicts = await conformance(pretends);
    const copies = verdicts.find(
      ({ behaviour }) => behaviour === "reads back what was written, for every length",
    );
    expect(copies?.outcome).toBe("no");
    expect(copies?.reason).toBeTruthy();
  });
});

printSupportMatrix();
