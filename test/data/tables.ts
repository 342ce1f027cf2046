import type { HostTable } from "#src/core/column.js";
import { columnProblem } from "#src/core/column-check.js";
import type { ColumnType } from "#src/core/column-type.js";
import { buildColumn } from "#src/data/values/build.js";
import { readerOf } from "#src/data/values/read.js";
import { seeded } from "../support/random.js";

export const rowCounts = [0, 1, 7, 8, 9, 31, 32, 33] as const;

const max128 = 10n ** 38n - 1n;
const texts = [
  "",
  "a",
  "naïve",
  "日本語",
  "🦜 parrot",
  "\u0000nul",
  "e\u0301",
  "zz",
  "\u001b[31m",
  "a".repeat(40),
];
const zones = ["Europe/Berlin", "UTC"] as const;

/** A type, and values of it that matter. */
export const samples: readonly (readonly [ColumnType, readonly unknown[]])[] = [
  [{ kind: "bool" }, [true, false]],
  [{ kind: "int8" }, [-128, 127, 0, -1]],
  [{ kind: "int16" }, [-32_768, 32_767, 0]],
  [{ kind: "int32" }, [-2_147_483_648, 2_147_483_647, 0]],
  [{ kind: "int64" }, [-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n]],
  [{ kind: "uint8" }, [0, 255, 128]],
  [{ kind: "uint16" }, [0, 65_535]],
  [{ kind: "uint32" }, [0, 4_294_967_295]],
  [{ kind: "uint64" }, [0n, 2n ** 64n - 1n]],
  [{ kind: "float32" }, [0, -0, Number.NaN, Number.POSITIVE_INFINITY, -1.5, 2 ** -149]],
  [{ kind: "float64" }, [0, -0, Number.NaN, Number.NEGATIVE_INFINITY, 5e-324, Number.MAX_VALUE]],
  [{ kind: "decimal", precision: 12, scale: 2 }, ["0.00", "-9999999999.99", "12.50"]],
  [{ kind: "decimal", precision: 18, scale: 0 }, ["999999999999999999", "-1"]],
  [{ kind: "decimal", precision: 38, scale: 0 }, [String(max128), String(-max128), "0", String(2n ** 64n)]],
  [{ kind: "decimal", precision: 38, scale: 38 }, [`0.${"9".repeat(38)}`, `-0.${"0".repeat(37)}1`]],
  [
    { kind: "date" },
    [new Date(0), new Date("2024-02-29"), new Date("-000001-12-31"), new Date("9999-12-31")],
  ],
  [{ kind: "timestamp", unit: "s" }, [new Date(0), new Date("1969-12-31T23:59:59Z")]],
  [
    { kind: "timestamp", unit: "ms", timeZone: zones[0] },
    [new Date(1), new Date("1999-07-01T00:00:00.123Z")],
  ],
  [{ kind: "timestamp", unit: "us" }, [new Date(-1), new Date("2262-01-01")]],
  [
    { kind: "timestamp", unit: "ns", timeZone: zones[1] },
    [new Date(-1), new Date("2200-01-01T00:00:00.001Z")],
  ],
  [{ kind: "duration", unit: "us" }, [0n, -(2n ** 63n), 1n]],
  [{ kind: "utf8" }, texts],
  [{ kind: "list", item: { kind: "int32" } }, [[], [1, null, 3], [-1]]],
  [{ kind: "list", item: { kind: "utf8" } }, [["", "ü"], [null], []]],
];

/** Values of one type with nulls among them, by a seed. */
export function valuesOf(values: readonly unknown[], rows: number, seed: number, nulls = true): unknown[] {
  const random = seeded(seed);
  return Array.from({ length: rows }, () => {
    if (nulls && random() < 0.3) return null;
    return values[Math.floor(random() * values.length)] ?? null;
  });
}

/** A table with a column of every type. */
export async function sampleTable(
  rows: number,
  seed: number,
  keep: (type: ColumnType) => boolean = () => true,
) {
  const chosen = samples.filter(([type]) => keep(type));
  const values = chosen.map(([, some], at) => valuesOf(some, rows, seed + at, at % 3 !== 0));
  const names = chosen.map(([type], at) => `${type.kind}${at}`);
  const columns = [];
  for (const [at, [type]] of chosen.entries()) {
    columns.push(await buildColumn(names[at] ?? "", type, rows, (row) => values[at]?.[row]));
  }
  return { table: { names, columns, rows } satisfies HostTable, values };
}

/** All values of a table, column by column; checks the layout on the way. */
export function contents({ columns, names }: HostTable): unknown[][] {
  return columns.map((column, at) => {
    const problem = columnProblem(column);
    if (problem !== undefined) throw new Error(`${names[at]} ${problem}`);
    const read = readerOf(column, names[at] ?? "");
    return Array.from({ length: column.length }, (_, row) => read(row));
  });
}
