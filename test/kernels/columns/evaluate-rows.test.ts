import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import { binary, cast, constant, type Expression, input, select, unary } from "#src/expression/index.js";
import type { FixedMemory } from "#src/kernels/columns/column.js";
import { evaluateRows } from "#src/kernels/index.js";
import { onEveryDevice } from "../../support/devices.ts";
import { edgeSizes } from "../../support/edges.ts";
import { seeded } from "../../support/random.ts";

const value = (slot: number, type: "i32" | "u32" | "f32" | "bool" | "i64") => input(3 * slot, type);
const valid = (slot: number) => input(3 * slot + 2, "bool");

function bit(bytes: Uint8Array, at: number): number {
  return ((bytes[at >> 3] ?? 0) >> (at & 7)) & 1;
}

onEveryDevice(
  "evaluateRows",
  (_, device) => {
    const upload = (on: Device, data: ArrayBufferView) => {
      const memory = on.allocate(Math.max(16, Math.ceil(data.byteLength / 4) * 4) + 256);
      const padded = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
      padded.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      if (padded.length > 0) on.write(memory.view(256), padded);
      return memory.view(256);
    };

    it("writes whole words of every width, for all sizes", async () => {
      const on = await device();
      const random = seeded(3);
      for (const count of edgeSizes) {
        const bytes = Int8Array.from({ length: count }, () => Math.floor(random() * 256) - 128);
        const shorts = Uint16Array.from({ length: count }, () => Math.floor(random() * 65_536));
        const flags = Uint8Array.from({ length: Math.ceil(count / 8) }, () => Math.floor(random() * 256));
        const columns: FixedMemory[] = [
          { physical: "i8", values: upload(on, bytes), validity: upload(on, flags) },
          { physical: "u16", values: upload(on, shorts) },
        ];
        const sum = binary("add", value(0, "i32"), cast(value(1, "u32"), "i32"));
        const large = binary("greater", sum, constant(32_000, "i32"));
        const made = await evaluateRows(on, {
          columns,
          count,
          expressions: [
            { physical: "bits", value: binary("and", large, valid(0)) },
            { physical: "i8", value: value(0, "i32"), valid: valid(0) },
            { physical: "u16", value: cast(binary("bitAnd", sum, constant(65_535, "i32")), "u32") },
            { physical: "i32", value: sum, error: select(large, constant(2, "u32"), constant(0, "u32")) },
          ],
        });
        const read = await Promise.all(made.columns.map((column) => on.read(column.values)));
        const validity = await on.read(made.columns[1]?.validity ?? on.allocate(4));
        const error = made.error === undefined ? 0 : ((await on.read(made.error))[0] ?? 0);
        const [mask = new Uint8Array(), i8 = mask, u16 = mask, i32 = mask] = read;
        const sums = Array.from(bytes, (each, at) => each + (shorts[at] ?? 0));
        expect(Array.from({ length: count }, (_, at) => bit(mask, at))).toEqual(
          sums.map((each, at) => (each > 32_000 ? bit(flags, at) : 0)),
        );
        expect(new Int8Array(i8.buffer, i8.byteOffset, count)).toEqual(bytes);
        expect(Array.from({ length: count }, (_, at) => bit(validity, at))).toEqual(
          Array.from({ length: count }, (_, at) => bit(flags, at)),
        );
        expect([...new Uint16Array(u16.slice().buffer, 0, count)]).toEqual(sums.map((each) => each & 65_535));
        expect([...new Int32Array(i32.slice().buffer, 0, count)]).toEqual(sums);
        expect(error).toBe(sums.some((each) => each > 32_000) ? 2 : 0);
        for (const column of made.columns) {
          column.values[Symbol.dispose]();
          column.validity?.[Symbol.dispose]();
        }
        made.error?.[Symbol.dispose]();
        for (const column of columns) {
          for (const memory of [column.values, column.validity]) {
            if (memory !== undefined && "buffer" in memory) memory.buffer.dispose();
          }
        }
      }
    }, 240_000);

    it("splits what reads more than a kernel binds, and frees what it needed between", async () => {
      const on = await device();
      const count = 100;
      const inputs = on.adapter.limits.storageBuffers > 8 ? 8 : 5;
      const before = on.memory().buffers;
      const data = Array.from({ length: inputs }, (_, k) =>
        Int32Array.from({ length: count }, (_, row) => row * (k + 1) + (k === 0 ? row % 3 : 0)),
      );
      const columns: FixedMemory[] = data.map((each) => ({
        physical: "i32",
        values: upload(on, each),
        validity: upload(
          on,
          Uint8Array.from({ length: 13 }, () => 255),
        ),
      }));
      const sum = columns.map((_, k) => value(k, "i32")).reduce((a, b) => binary("add", a, b));
      const all = columns.map((_, k) => valid(k)).reduce((a, b) => binary("and", a, b));
      const odd: Expression = binary(
        "notEqual",
        binary("bitAnd", sum, constant(1, "i32")),
        constant(0, "i32"),
      );
      const made = await evaluateRows(on, {
        columns,
        count,
        expressions: [
          { physical: "i32", value: sum, valid: all, error: cast(odd, "u32") },
          { physical: "bits", value: unary("not", odd) },
        ],
      });
      const [first, second] = made.columns;
      const expected = Array.from({ length: count }, (_, row) =>
        data.reduce((total, each) => total + (each[row] ?? 0), 0),
      );
      if (first === undefined || second === undefined) throw new Error("two results were asked for");
      const sums = await on.read(first.values);
      expect([...new Int32Array(sums.slice().buffer, 0, count)]).toEqual(expected);
      const even = await on.read(second.values);
      expect(Array.from({ length: count }, (_, row) => bit(even, row))).toEqual(
        expected.map((each) => 1 - (each & 1)),
      );
      expect(made.error === undefined ? undefined : (await on.read(made.error))[0]).toBe(1);
      for (const memory of [first.values, first.validity, second.values, made.error])
        memory?.[Symbol.dispose]();
      for (const column of columns) {
        for (const memory of [column.values, column.validity]) {
          if (memory !== undefined && "buffer" in memory) memory.buffer.dispose();
        }
      }
      expect(on.memory().buffers).toBe(before);
    }, 240_000);
  },
  { computing: true },
);
