import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { bindData, count, type DataFamily } from "#src/data/index.js";
import type { Adapter } from "#src/device/device.js";
import { type OperationReport, operationChannel, Runtime } from "#src/runtime/index.js";
import { isFake, onEveryDevice } from "../../support/devices.ts";

const rows = Array.from({ length: 1_000 }, (_, at) => ({
  id: at,
  key: at % 9 === 0 ? null : at % 7,
  name: `n${at % 5}`,
}));
const folder = await mkdtemp(join(tmpdir(), "aikoryu-devices-"));
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
  await rm(folder, { recursive: true, force: true });
});

async function plansOf(data: DataFamily, name: string) {
  const frame = await data.from(rows, { schema: { id: "int32", key: "int32" } });
  const path = join(folder, `${name}.parquet`);
  await frame.writeParquet(path);
  const groups = frame
    .filter("id >= 100")
    .groupBy("key")
    .aggregate({ n: count(), sum: (row) => row.id.sum() })
    .orderBy("key");
  const file = (await data.read(path)).filter("id < 300").select("id", "name").orderBy("-id").limit(20, 5);
  return { groups, file };
}

/** Tests of the executor run everything there; this one only needs a plan to go through. */
function isSlowToCompile(adapter: Adapter): boolean {
  return isFake(adapter) || (adapter.backend === "webgpu" && adapter.kind === "cpu");
}

onEveryDevice(
  "a dataframe",
  (adapter) => {
    it("gives the same rows as the CPU engine, resident or from files", { timeout: 240_000 }, async () => {
      const runtime = new Runtime({ adapters: async () => [adapter], explore: false });
      const data = bindData(runtime);
      closing.push(async () => {
        await data.dispose();
        await runtime.dispose();
      });
      const { groups, file } = await plansOf(data, adapter.id.replace(":", "-"));
      const seen: OperationReport[] = [];
      const note = (report: unknown) => seen.push(report as OperationReport);
      operationChannel.subscribe(note);
      const plans = isSlowToCompile(adapter) ? [file] : [file, groups];
      for (const frame of plans) {
        const expected = await frame.collect({ placement: "cpu" });
        const table = await frame.collect({ placement: "gpu", strict: true });
        expect(table.schema).toEqual(expected.schema);
        expect(table.toJSON()).toEqual(expected.toJSON());
      }
      using cached = await file.cache({ placement: "gpu", strict: true });
      const again = await cached.limit(7, 3).collect({ placement: "gpu", strict: true });
      const there = await file.limit(7, 3).collect({ placement: "cpu" });
      expect(again.toJSON()).toEqual(there.toJSON());
      operationChannel.unsubscribe(note);
      expect(seen.filter(({ placement }) => placement === "gpu")).toHaveLength(plans.length + 2);
      expect(seen.every(({ fallback }) => fallback === undefined)).toBe(true);
    });
  },
  { computing: true },
);
