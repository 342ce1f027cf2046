import { expect, it, vi } from "vitest";
import { executeOnGpu } from "#src/data/gpu/execute.js";
import type { PlanNode } from "#src/data/plan/node.js";
import type { Device } from "#src/device/device.js";
import { MemoryManager } from "#src/memory/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { at, scanOf } from "./plans.js";
import { type Cells, cellsOf } from "./tables.js";

vi.setConfig({ testTimeout: 240_000 });

const int32 = { kind: "int32" } as const;
const utf8 = { kind: "utf8" } as const;

const cities = scanOf(
  [
    { name: "city", type: utf8 },
    { name: "people", type: int32 },
  ],
  [
    ["Ulm", "Bonn", "Ulm", null, "Köln", "Bonn"],
    [5, 3, null, 1, 9, 3],
  ],
  true,
);
const landsOf = (encoded: boolean) =>
  scanOf(
    [
      { name: "name", type: utf8 },
      { name: "land", type: { kind: "int64" } },
    ],
    [
      ["Köln", "Bonn", "Jena", null],
      [1n, 1n, 2n, 7n],
    ],
    encoded,
  );

async function run(device: Device, plan: PlanNode): Promise<readonly Cells[]> {
  using memory = new MemoryManager(device);
  const columns = await executeOnGpu(plan, { device, memory, timer: undefined, signal: undefined });
  const table = await columns.host();
  expect(table.names).toEqual(plan.schema.map(({ name }) => name));
  columns.dispose();
  expect(memory.statistics().reservations).toBe(0);
  return table.columns.map(cellsOf);
}

onEveryDevice(
  "a plan",
  (_, device) => {
    it("sorts, and keeps the first", async () => {
      const sort: PlanNode = {
        kind: "sort",
        input: cities,
        keys: [
          { expression: at(cities, 0), descending: true, nullsFirst: true },
          { expression: at(cities, 1), descending: false, nullsFirst: false },
        ],
        schema: cities.schema,
      };
      expect(await run(await device(), sort)).toEqual([
        [null, "Ulm", "Ulm", "Köln", "Bonn", "Bonn"],
        [1, 5, null, 9, 3, 3],
      ]);
      const limit: PlanNode = { kind: "limit", input: sort, count: 2, offset: 1, schema: cities.schema };
      expect(await run(await device(), limit)).toEqual([
        ["Ulm", "Ulm"],
        [5, null],
      ]);
    });

    it("keeps different rows, the first of each", async () => {
      const distinct: PlanNode = { kind: "distinct", input: cities, columns: [0], schema: cities.schema };
      expect(await run(await device(), distinct)).toEqual([
        ["Ulm", "Bonn", null, "Köln"],
        [5, 3, 1, 9],
      ]);
      expect(
        (await run(await device(), { kind: "distinct", input: cities, schema: cities.schema }))[1],
      ).toEqual([5, 3, null, 1, 9]);
    });

    it.each([true, false])(
      "puts rows of several dictionaries one after the other, or of one: %s",
      async (encoded) => {
        const lands = landsOf(encoded);
        const names: PlanNode = {
          kind: "project",
          input: lands,
          expressions: [at(lands, 0)],
          schema: [{ name: "city", type: utf8 }],
        };
        const towns: PlanNode = { ...names, input: cities, expressions: [at(cities, 0)] };
        const concat: PlanNode = { kind: "concat", inputs: [towns, names], schema: names.schema };
        expect(await run(await device(), concat)).toEqual([
          ["Ulm", "Bonn", "Ulm", null, "Köln", "Bonn", "Köln", "Bonn", "Jena", null],
        ]);
      },
    );

    it.each([true, false])("joins by text of two dictionaries, or of one: %s", async (encoded) => {
      const lands = landsOf(encoded);
      const join = (how: "inner" | "left" | "full" | "anti", nullsEqual = false): PlanNode => ({
        kind: "join",
        left: cities,
        right: lands,
        how,
        leftKeys: [at(cities, 0)],
        rightKeys: [at(lands, 0)],
        nullsEqual,
        schema: how === "anti" ? cities.schema : [...cities.schema, ...lands.schema],
      });
      expect(await run(await device(), join("inner"))).toEqual([
        ["Bonn", "Köln", "Bonn"],
        [3, 9, 3],
        ["Bonn", "Köln", "Bonn"],
        [1n, 1n, 1n],
      ]);
      expect(await run(await device(), join("left", true))).toEqual([
        ["Ulm", "Bonn", "Ulm", null, "Köln", "Bonn"],
        [5, 3, null, 1, 9, 3],
        [null, "Bonn", null, null, "Köln", "Bonn"],
        [null, 1n, null, 7n, 1n, 1n],
      ]);
      expect((await run(await device(), join("full")))[2]).toEqual([
        null,
        "Bonn",
        null,
        null,
        "Köln",
        "Bonn",
        "Jena",
        null,
      ]);
      expect((await run(await device(), join("anti")))[0]).toEqual(["Ulm", "Ulm", null]);
    });

    it("numbers, ranks and shifts rows in windows", async () => {
      const window = (partitioned: boolean): PlanNode => ({
        kind: "window",
        input: cities,
        partitionBy: partitioned ? [at(cities, 0)] : [],
        orderBy: partitioned ? [{ expression: at(cities, 1), descending: true, nullsFirst: false }] : [],
        columns: [
          { function: "rowNumber" },
          { function: "rank" },
          { function: "lag", operand: at(cities, 1), rows: 1 },
          { function: "firstValue", operand: at(cities, 0) },
          { function: "sum", operand: at(cities, 1) },
        ],
        schema: [
          ...cities.schema,
          { name: "number", type: { kind: "int64" } },
          { name: "rank", type: { kind: "int64" } },
          { name: "before", type: int32 },
          { name: "first", type: utf8 },
          { name: "sum", type: { kind: "int64" } },
        ],
      });
      expect((await run(await device(), window(true))).slice(1)).toEqual([
        [5, 3, null, 1, 9, 3],
        [1n, 1n, 2n, 1n, 1n, 2n],
        [1n, 1n, 2n, 1n, 1n, 1n],
        [null, null, 5, null, null, 3],
        ["Ulm", "Bonn", "Ulm", null, "Köln", "Bonn"],
        [5n, 6n, 5n, 1n, 9n, 6n],
      ]);
      expect((await run(await device(), window(false)))[2]).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
    });
  },
  { computing: true },
);
