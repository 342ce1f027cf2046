import { expect, it } from "vitest";
import type { Device, DeviceBuffer } from "#src/device/device.js";
import {
  combineBitmaps,
  compactColumns,
  concatRows,
  isAscii,
  type OwnedColumn,
  segmentedScan,
  selectRows,
  takeRows,
  textConcat,
  textSubstring,
  textTest,
} from "#src/kernels/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { bitmapOf, onDevice, randomBits, sampleOf, TestColumn } from "./support.js";

/** Hands out memory that is full of what must not matter, and knows what is not given back. */
class Ledger {
  readonly open = new Set<DeviceBuffer>();
  readonly #device: Device;
  /** Allocations that may still be made. */
  left = Infinity;

  constructor(device: Device) {
    this.#device = device;
  }

  readonly allocate = (bytes: number, label: string): DeviceBuffer => {
    if (this.left-- <= 0) throw new RangeError("no more");
    const buffer = this.#device.allocate(bytes, label);
    this.#device.write(buffer, new Uint8Array(bytes).fill(0x5a));
    this.open.add(buffer);
    const dispose = buffer.dispose.bind(buffer);
    buffer.dispose = () => {
      this.open.delete(buffer);
      dispose();
    };
    Object.defineProperty(buffer, Symbol.dispose, { value: buffer.dispose });
    return buffer;
  };
}

const memoryOf = (column: OwnedColumn) => [
  column.values,
  ...(column.validity === undefined ? [] : [column.validity]),
  ...(column.physical === "text" ? [column.offsets] : []),
];

onEveryDevice(
  "memory of column kernels",
  (adapter, device) => {
    it("is what allocate gave, and scratch is given back, also after a failure", async () => {
      const opened = await device();
      const ledger = new Ledger(opened);
      const options = { allocate: ledger.allocate };
      const count = 100;
      using a = new TestColumn(opened, "text", sampleOf("text", count, true));
      using b = new TestColumn(opened, "f64", sampleOf("f64", count, true));
      using c = new TestColumn(opened, "u8", sampleOf("u8", count, true));
      using mask = onDevice(opened, bitmapOf(randomBits(count, 0.5)));
      using rows = onDevice(opened, new Uint32Array(count));
      const text = a.memory;
      if (text.physical !== "text") return;
      const columns = [text, b.memory, c.memory];
      const pattern = new Uint8Array([97, 98, 99]);
      const calls: (() => Promise<Disposable[]>)[] = [
        async () => [(await selectRows(opened, { mask, count }, options)).rows],
        async () =>
          (await compactColumns(opened, { mask, count, columns }, options)).columns.flatMap(memoryOf),
        async () =>
          memoryOf(await takeRows(opened, { column: text, rows, count, sourceRows: count }, options)),
        async () => {
          const twice = [0, 1].map(() => ({ column: text, count }));
          return memoryOf(await concatRows(opened, { columns: twice }, options));
        },
        async () => [
          await combineBitmaps(opened, { operation: "and", left: mask, right: rows, count }, options),
        ],
        async () => {
          const work = { operator: "count", type: "u32", segments: { ids: rows }, count } as const;
          return [await segmentedScan(opened, work, options)];
        },
        async () => [
          await textTest(opened, { column: text, count, test: { kind: "contains", pattern } }, options),
        ],
        async () => memoryOf(await textSubstring(opened, { column: text, count, start: 2 }, options)),
        async () => memoryOf(await textConcat(opened, { parts: [text, pattern, text], count }, options)),
        async () => {
          await isAscii(opened, { column: text, count }, options);
          return [];
        },
      ];
      for (const [at, call] of calls.entries()) {
        const made = await call();
        expect(ledger.open).toEqual(new Set(made));
        for (const memory of made) memory[Symbol.dispose]();
        expect(ledger.open.size).toBe(0);
        for (let allowed = 0; ; allowed++) {
          ledger.left = allowed;
          const result = await call().catch((error: unknown) => error);
          ledger.left = Infinity;
          if (Array.isArray(result)) {
            for (const memory of result) (memory as Disposable)[Symbol.dispose]();
            break;
          }
          expect(result).toBeInstanceOf(RangeError);
          expect(ledger.open.size, `call ${at} after ${allowed}`).toBe(0);
        }
        expect(ledger.open.size).toBe(0);
      }
    });

    it("is not taken for more text than a column holds", async ({ skip }) => {
      if (adapter.backend !== "opencl") skip("the sums are the same on all devices");
      const opened = await device();
      using column = new TestColumn(opened, "text", ["x".repeat(1_000_000)]);
      const { memory } = column;
      for (const count of [2200, 70_000]) {
        using rows = onDevice(opened, new Uint32Array(count));
        await expect(takeRows(opened, { column: memory, rows, count, sourceRows: 1 })).rejects.toMatchObject({
          code: "RESULT_TOO_LARGE",
          message: expect.stringContaining(`${count} rows of text`),
        });
      }
      const huge = { column: memory, count: 1 };
      const many = Array.from({ length: 2200 }, () => huge);
      await expect(concatRows(opened, { columns: many })).rejects.toMatchObject({ code: "RESULT_TOO_LARGE" });
    });
  },
  { computing: true },
);
