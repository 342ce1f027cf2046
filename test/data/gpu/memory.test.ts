import { expect, it, vi } from "vitest";
import { executeOnGpu } from "#src/data/gpu/execute.js";
import type { PlanNode } from "#src/data/plan/node.js";
import type { ErrorCode } from "#src/errors.js";
import { isAikoError } from "#src/errors.js";
import { MemoryManager } from "#src/memory/index.js";
import { adapters, sharedDevice } from "../../support/devices.js";
import { injected, intercept, type Stage } from "../../support/faults.js";
import { at, scanOf } from "./plans.js";
import { cellsOf } from "./tables.js";

vi.setConfig({ testTimeout: 240_000 });

const int32 = { kind: "int32" } as const;
const rows = 700;
const keys = Array.from({ length: rows }, (_, row) => (row % 7 === 0 ? null : (row * 37) % 101));

/** Sorted rows of a join, so that columns are rows of rows of a source. */
function joined(): { readonly plan: PlanNode; readonly sources: readonly PlanNode[] } {
  const fields = ["key", "value"].map((name) => ({ name, type: int32 }));
  const left = scanOf(fields, [keys, keys.map((_, row) => row)]);
  const right = scanOf(fields, [keys.slice(0, 50), keys.slice(0, 50).map((_, row) => -row)]);
  const join: PlanNode = {
    kind: "join",
    left,
    right,
    how: "left",
    leftKeys: [at(left, 0)],
    rightKeys: [at(right, 0)],
    nullsEqual: false,
    schema: [...left.schema, ...right.schema],
  };
  const sort: PlanNode = {
    kind: "sort",
    input: join,
    keys: [{ expression: at(join, 3), descending: true, nullsFirst: false }],
    schema: join.schema,
  };
  const plan: PlanNode = { kind: "limit", input: sort, count: 60, offset: 3, schema: sort.schema };
  return { plan, sources: [left, right] };
}

const adapter = adapters.find(({ backend }) => backend === "opencl");

it.runIf(adapter)("a plan that fails at any call of the device leaves nothing there", async () => {
  if (adapter === undefined) return;
  const device = await sharedDevice(adapter);
  const run = async (fault?: { readonly at: number; readonly code: ErrorCode }) => {
    const { plan, sources } = joined();
    const memory = new MemoryManager(device);
    const calls: Stage[] = [];
    const restore = intercept(device, (stage) => {
      calls.push(stage);
      if (fault?.at === calls.length) throw injected(fault.code);
    });
    try {
      using columns = await executeOnGpu(plan, { device, memory, timer: undefined, signal: undefined });
      const table = await columns.host();
      return { calls: calls.length, cells: table.columns.map(cellsOf) };
    } catch (error) {
      expect(isAikoError(error, fault?.code)).toBe(true);
      return undefined;
    } finally {
      restore();
      const { reservedBytes, reservations, waiting } = memory.statistics();
      expect({ reservedBytes, reservations, waiting }).toEqual({
        reservedBytes: 0,
        reservations: 0,
        waiting: 0,
      });
      for (const source of sources) disposeSource(source);
      expect(memory.leaks()).toEqual([]);
      memory.dispose();
    }
  };
  await run();
  const whole = await run();
  expect(whole?.cells[0]?.length).toBe(60);
  let survived = 0;
  for (let failing = 1; failing <= (whole?.calls ?? 0); failing++) {
    expect(await run({ at: failing, code: "UNSUPPORTED" })).toBeUndefined();
    const relieved = await run({ at: failing, code: "OUT_OF_MEMORY" });
    if (relieved !== undefined) {
      expect(relieved.cells).toEqual(whole?.cells);
      survived++;
    }
  }
  expect(survived).toBeGreaterThan(0);
});

function disposeSource(node: PlanNode): void {
  if (node.kind === "scan" && node.source.kind === "memory") node.source.columns.dispose();
}
