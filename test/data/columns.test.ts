import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { HostTable, TextColumn } from "#src/core/column.js";
import { fixedColumn, textColumn } from "#src/core/column-make.js";
import { sliceTable } from "#src/core/column-slice.js";
import { sameType } from "#src/core/column-type.js";
import { Columns } from "#src/data/columns.js";
import type { DeviceColumn } from "#src/data/device-table.js";
import { tableFromRows } from "#src/data/values/rows.js";
import { MemoryManager, type PoolBuffer } from "#src/memory/index.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { FakeAdapter, FakeDevice } from "../support/fake-device.js";
import { contents, rowCounts, sampleTable } from "./tables.js";

const flat = (type: { kind: string }) => type.kind !== "list";

/** The columns through a device's memory and back: copies of what was uploaded, adopted as a result would be. */
async function throughDevice(memory: MemoryManager, columns: Columns): Promise<Columns> {
  const { needs, load } = await columns.deviceColumns(memory);
  return memory.use({ residents: needs }, async (reservation) => {
    const loaded = await load(reservation);
    const copy = (source: unknown): PoolBuffer => {
      const from = source as PoolBuffer;
      const to = memory.pool.allocate(from.byteLength, "copy");
      memory.device.copy(from.slice(0), to.slice(0));
      return to;
    };
    const copies = loaded.map(({ memory: { validity, ...rest }, ...column }): DeviceColumn => {
      const shared = validity === undefined ? {} : { validity: copy(validity) };
      const values = copy(rest.values);
      return rest.physical === "text"
        ? { ...column, memory: { ...shared, physical: "text", values, offsets: copy(rest.offsets) } }
        : { ...column, memory: { ...shared, physical: rest.physical, values } };
    });
    return Columns.onDevice(memory, { rows: columns.rows, columns: copies });
  });
}

onEveryDevice(
  "columns",
  (_, device) => {
    it("keep their values of every type on the way there and back, slices at odd bits too", async () => {
      using memory = new MemoryManager(await device());
      for (const rows of rowCounts) {
        const { table } = await sampleTable(rows + 3, rows, flat);
        const slice = sliceTable(table, 3, rows);
        using columns = Columns.onHost(slice);
        using back = await throughDevice(memory, columns);
        expect([back.isOnHost, back.isOnDevice, back.rows]).toEqual([false, true, rows]);
        expect(back.schema.every(({ type }, at) => sameType(type, columns.schema[at]?.type ?? type))).toBe(
          true,
        );
        expect(contents(await back.host())).toEqual(contents(slice));
      }
      expect(memory.statistics().inUseBytes).toBe(0);
    });

    it("that repeat go as codes into a sorted dictionary", async () => {
      using memory = new MemoryManager(await device());
      const texts = ["Zürich", "", "Berlin", "東京", null];
      const rows = Array.from({ length: 300 }, (_, at) => ({ city: texts[at % 5], id: `row ${at}` }));
      using columns = Columns.onHost(await tableFromRows(rows));
      const { needs, load } = await columns.deviceColumns(memory);
      const loaded = await memory.use({ residents: needs }, (reservation) => load(reservation));
      const [city, id] = loaded;
      expect([city?.memory.physical, city?.nullCount, id?.memory.physical]).toEqual(["u32", 60, "text"]);
      const dictionary = city?.dictionary as TextColumn;
      expect(contents({ names: ["d"], columns: [dictionary], rows: dictionary.length })).toEqual([
        ["", "Berlin", "Zürich", "東京"],
      ]);
      using back = await throughDevice(memory, columns);
      const table = await back.host();
      expect(table.columns.map(({ layout }) => layout)).toEqual(["dictionary", "text"]);
      expect(contents(table)).toEqual(contents(await columns.host()));
    });

    it("share buffers, outlive each other, and go to other devices", async () => {
      using memory = new MemoryManager(await device());
      using elsewhere = new MemoryManager(await device());
      const values = memory.pool.allocate(8, "values");
      const validity = memory.pool.allocate(4, "validity");
      memory.device.write(values, Int32Array.of(5, 6));
      memory.device.write(validity, Uint32Array.of(0xffff_fffe));
      const column = (name: string): DeviceColumn => ({
        field: { name, type: { kind: "int32" } },
        memory: { physical: "i32", values, validity },
      });
      const both = Columns.onDevice(memory, { rows: 2, columns: [column("a"), column("b")] });
      const second = both.select([1]);
      both.dispose();
      expect(memory.statistics().residents).toBe(2);
      using copy = await throughDevice(elsewhere, second);
      expect(contents(await copy.host())).toEqual([[null, 6]]);
      expect(contents(await second.host())).toEqual([[null, 6]]);
      second.dispose();
      expect(memory.statistics()).toMatchObject({ inUseBytes: 0, residents: 0 });
    });

    it("come back after they were evicted, and leave nothing behind", async () => {
      using memory = new MemoryManager(await device());
      const { table } = await sampleTable(33, 5, flat);
      {
        using columns = Columns.onHost(table);
        using back = await throughDevice(memory, columns);
        expect(await memory.relieve()).toBeGreaterThan(0);
        expect([columns.isOnDevice, back.isOnDevice]).toEqual([false, false]);
        using again = await throughDevice(memory, back);
        expect(contents(await again.host())).toEqual(contents(table));
        expect(memory.statistics().returns).toBeGreaterThan(0);
        expect(contents(await back.host([2, 0]))).toEqual(
          contents(table)
            .filter((_, at) => at < 3 && at !== 1)
            .reverse(),
        );
      }
      expect(memory.statistics()).toMatchObject({ inUseBytes: 0, residents: 0 });
    });
  },
  { computing: true },
);

const numbers = (values: number[]): HostTable => ({
  names: ["a"],
  columns: [fixedColumn({ kind: "int32" }, values.length, Int32Array.from(values))],
  rows: values.length,
});

describe("columns", () => {
  it("refuse a layout that is wrong, naming the column", () => {
    const { columns } = numbers([1, 2]);
    const [column] = columns;
    if (column === undefined) return;
    const wrong: [Partial<HostTable>, string][] = [
      [{ names: ["a", "a"], columns: [column, column] }, 'two columns are named "a"'],
      [{ rows: 3 }, '"a" has 2 rows where the table has 3'],
      [{ names: [] }, "0 names for 1 columns"],
      [{ columns: [{ ...column, nullCount: 1 } as typeof column] }, "no validity bitmap"],
      [{ columns: [{ ...column, length: 3 } as typeof column], rows: 3 }, "2 elements where 3 rows"],
      [
        { columns: [fixedColumn({ kind: "int64" }, 2, Int32Array.of(1, 2))] },
        "Int32Array where a BigInt64Array",
      ],
      [
        { columns: [textColumn(Int32Array.of(0, 1, 9), new Uint8Array(3))] },
        "offsets from 0 to 9 for 3 bytes",
      ],
      [
        { columns: [fixedColumn({ kind: "decimal", precision: 39, scale: 0 }, 2, new BigInt64Array(4))] },
        "1 to 38",
      ],
    ];
    for (const [change, text] of wrong) {
      expect(() => Columns.onHost({ ...numbers([1, 2]), ...change })).toThrow(text);
    }
  });

  it("are refused after dispose, and those selected live on", async () => {
    const columns = Columns.onHost(numbers([1, 2]));
    const selected = columns.select([0]);
    columns.dispose();
    columns.dispose();
    await failure(() => columns.host(), "BUFFER_DISPOSED");
    await failure(() => columns.select([0]), "BUFFER_DISPOSED");
    expect(contents(await selected.host())).toEqual([[1, 2]]);
    selected.dispose();
    await failure(() => selected.host(), "BUFFER_DISPOSED");
    await failure(() => Columns.onHost(numbers([1])).host([1]), "INVALID_ARGUMENT");
  });

  it("say that they went with their device", async () => {
    const device = new FakeDevice(new FakeAdapter());
    const memory = new MemoryManager(device);
    const values = memory.pool.allocate(8, "values");
    const field = { name: "a", type: { kind: "int32" } } as const;
    const onDevice = (buffer: PoolBuffer) =>
      Columns.onDevice(memory, {
        rows: 2,
        columns: [{ field, memory: { physical: "i32", values: buffer } }],
      });
    const columns = onDevice(values);
    await device.dispose();
    await failure(() => columns.host(), "BUFFER_DISPOSED");
    await failure(() => onDevice(values), "BUFFER_DISPOSED");
  });

  it("are loaded into the engine once, and leave it when they are disposed", async () => {
    const columns = Columns.onHost(numbers([1, 2]));
    let [loads, disposals] = [0, 0];
    const load = async (table: HostTable) => {
      loads++;
      if (loads === 1) throw new Error("busy");
      return { name: `t${table.rows}`, dispose: () => disposals++ };
    };
    await expect(columns.engineTable(load)).rejects.toThrow("busy");
    const [first, second] = await Promise.all([columns.engineTable(load), columns.engineTable(load)]);
    expect([first.name, first === second, loads]).toEqual(["t2", true, 2]);
    columns.dispose();
    await new Promise(setImmediate);
    expect(disposals).toBe(1);
  });

  it("that nobody disposes leave the engine when they are collected", async () => {
    let disposals = 0;
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    await (async () => {
      const load = async () => ({ name: "t", dispose: () => disposals++ });
      await Columns.onHost(numbers([1])).engineTable(load);
    })();
    for (let tries = 0; tries < 50 && disposals === 0; tries++) {
      collect();
      await new Promise(setImmediate);
    }
    expect(disposals).toBe(1);
  });

  it("say what a place would have to move", async () => {
    const columns = Columns.onHost(numbers([1, 2, 3]));
    expect(columns.movedBytes()).toEqual({ hostBytes: 12, deviceBytes: 0 });
    expect([columns.byteLength, columns.isOnHost, columns.isOnDevice]).toEqual([12, true, false]);
  });

  it("of lists stay on the host", async () => {
    using memory = new MemoryManager(new FakeDevice(new FakeAdapter()));
    const columns = Columns.onHost(await tableFromRows([{ a: [1, 2] }]));
    const error = await failure(() => columns.deviceColumns(memory), "UNSUPPORTED");
    expect(error.message).toContain('"a" is list(float64)');
  });
});
