import type { ColumnType, Field } from "#src/core/column-type.js";
import { typeText } from "#src/core/column-type.js";
import { type Value, valueText } from "#src/expression/column/cast-value.js";
import type { ColumnExpression, ColumnFunction } from "#src/expression/column/index.js";

/** mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const edges: Readonly<Record<string, readonly Value[]>> = {
  bool: [true, false],
  int8: [0, 1, -1, 127, -128, 5],
  int16: [0, 1, -7, 32767, -32768],
  int32: [0, 1, -1, 3, 2147483647, -2147483648],
  int64: [0n, 1n, -1n, 10n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n],
  uint8: [0, 1, 255, 128],
  uint16: [0, 1, 65535],
  uint32: [0, 1, 4294967295, 7],
  uint64: [0n, 1n, 2n ** 64n - 1n, 2n ** 63n],
  float32: [0, -0, 1.5, -2.5, 0.5, Number.NaN, Infinity, -Infinity, 16777216, Math.fround(0.1)],
  float64: [0, -0, 1.5, -2.5, 0.5, Number.NaN, Infinity, -Infinity, 1e300, 2 ** 53, 0.1, 127.5, 1e18],
  "decimal(9, 2)": [0n, 1n, -1n, 150n, 999_999_999n, -999_999_999n, 125n],
  "decimal(18, 4)": [0n, 1n, -5000n, 999_999_999_999_999_999n, -999_999_999_999_999_999n, 12_345n],
  "decimal(30, 6)": [0n, -1n, 10n ** 30n - 1n, -(10n ** 30n) + 1n, 1_500_000n, 10n ** 20n],
  date: [0, -1, 19_782, -719_468, 11_016, 59, 365, -25_567],
  "timestamp(us)": [0n, -1n, 1_704_067_199_999_999n, -62_135_596_800_000_000n, 951_782_400_000_001n],
  "timestamp(ms)": [0n, -1n, 1_704_067_199_999n, 253_402_300_799_999n, -1_500n],
  "timestamp(s)": [0n, -1n, 1_704_067_199n, 4_102_444_800n],
  "timestamp(ns)": [0n, -1n, 1_704_067_199_999_999_999n, -1_500_000_001n],
  "duration(s)": [0n, 1n, -86_400n, 3_661n],
  "duration(us)": [0n, 1n, -1n, 86_400_000_001n],
  utf8: [
    "",
    "a",
    "N",
    "Nantes",
    "naïve",
    "日本語",
    "🦜 parrot",
    "Nice",
    "12",
    "-3.5",
    "2024-02-29",
    "x%y_z\\",
  ],
};

const types: readonly ColumnType[] = [
  { kind: "bool" },
  ...(["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"] as const).map((kind) => ({
    kind,
  })),
  { kind: "float32" },
  { kind: "float64" },
  { kind: "decimal", precision: 9, scale: 2 },
  { kind: "decimal", precision: 18, scale: 4 },
  { kind: "decimal", precision: 30, scale: 6 },
  { kind: "date" },
  ...(["us", "ms", "s", "ns"] as const).map((unit) => ({ kind: "timestamp", unit }) as const),
  { kind: "duration", unit: "s" },
  { kind: "duration", unit: "us" },
  { kind: "utf8" },
];

/** Two columns of every type. */
export const schema: readonly Field[] = types.flatMap((type) =>
  ["a", "b"].map((prefix) => ({ name: `${prefix} ${typeText(type)}`, type })),
);

export function edgeValues(type: ColumnType): readonly Value[] {
  return edges[typeText(type)] ?? [0];
}

/** Rows of edge values, an eighth of them null. */
export function valuesOf(type: ColumnType, rows: number, random: () => number): (Value | null)[] {
  const known = edgeValues(type);
  return Array.from({ length: rows }, () =>
    random() < 1 / 8 ? null : (known[Math.floor(random() * known.length)] ?? null),
  );
}

type Family = "number" | "bool" | "utf8" | "time" | "duration";

const families: Readonly<Record<string, Family>> = {
  bool: "bool",
  utf8: "utf8",
  date: "time",
  timestamp: "time",
  duration: "duration",
};

export function familyOf(type: ColumnType): Family {
  return families[type.kind] ?? "number";
}

const numeric = "add subtract multiply divide floorDivide modulo least greatest coalesce nullIf".split(" ");
const numericOne = "negate abs sign floor ceil round truncate".split(" ");
const real = "sqrt exp log log10 sin atan".split(" ");
const compares = "equal notEqual less lessEqual greater greaterEqual isDistinctFrom isNotDistinctFrom".split(
  " ",
);
const textTests = "startsWith endsWith contains like ilike".split(" ");
const parts = "year quarter month week day dayOfWeek dayOfYear hour minute second millisecond".split(" ");
const units = "year quarter month week day hour minute second millisecond microsecond".split(" ");
const casts: readonly ColumnType[] = types.filter(({ kind }) => kind !== "duration");

/** Random expressions of a family of types; many do not resolve or overflow somewhere. */
export class Generator {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = randomOf(seed);
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)] as T;
  }

  any(depth: number): ColumnExpression {
    return this.of(this.pick(["number", "number", "bool", "bool", "utf8", "time"]), depth);
  }

  of(family: Family, depth: number): ColumnExpression {
    if (depth <= 0 || this.random() < 0.15) return this.leaf(family);
    if (this.random() < 0.12) return this.mixed(family, depth);
    const go = (next: Family) => this.of(next, depth - 1);
    const call = (name: string, ...operands: ColumnExpression[]): ColumnExpression => ({
      kind: "call",
      name: name as ColumnFunction,
      operands,
    });
    const text = (value: string): ColumnExpression => ({ kind: "literal", value });
    switch (family) {
      case "number": {
        const dice = this.random();
        if (dice < 0.45) return call(this.pick(numeric), go("number"), go("number"));
        if (dice < 0.6) return call(this.pick(numericOne), go("number"));
        if (dice < 0.67) return call(this.pick(real), go("number"));
        if (dice < 0.72) return call(this.pick(["bitAnd", "bitOr", "bitXor"]), go("number"), go("number"));
        if (dice < 0.82) return call(this.pick(parts), go("time"));
        if (dice < 0.86) return call("dateDiff", text(this.pick(units)), go("time"), go("time"));
        if (dice < 0.9) return call(this.pick(["length", "byteLength"]), go("utf8"));
        return this.cast(
          this.pick(casts.filter((type) => familyOf(type) === "number")),
          go(this.pick(["number", "number", "bool", "utf8"])),
        );
      }
      case "bool": {
        const dice = this.random();
        if (dice < 0.4) {
          const side = this.pick(["number", "number", "utf8", "time", "bool"] as const);
          return call(this.pick(compares), go(side), go(side));
        }
        if (dice < 0.6) return call(this.pick(["and", "or"]), go("bool"), go("bool"));
        if (dice < 0.68) return call("not", go("bool"));
        if (dice < 0.76) return call(this.pick(["isNull", "isNotNull"]), this.any(depth - 1));
        if (dice < 0.84)
          return call("isIn", go("number"), this.leaf("number"), {
            kind: "literal",
            value: this.pick([1, 0, null]),
          });
        if (dice < 0.88) return call(this.pick(["isNan", "isFinite"]), go("number"));
        return call(
          this.pick(textTests),
          go("utf8"),
          text(this.pick(["N", "N%", "%a%", "", "_a%", "日", "x\\%y\\_z\\\\"])),
        );
      }
      case "utf8": {
        const dice = this.random();
        if (dice < 0.3) return call(this.pick(["lower", "upper", "trim"]), go("utf8"));
        if (dice < 0.5)
          return call(
            "substring",
            go("utf8"),
            { kind: "literal", value: this.pick([1, 2, 3]) },
            { kind: "literal", value: this.pick([0, 1, 2, 5]) },
          );
        if (dice < 0.7) return call("concat", go("utf8"), go("utf8"));
        if (dice < 0.8) return call("replace", go("utf8"), text("a"), text("ö"));
        return this.cast({ kind: "utf8" }, go(this.pick(["number", "bool", "time"])));
      }
      case "time": {
        const dice = this.random();
        if (dice < 0.3) return call("dateTrunc", text(this.pick(units)), go("time"));
        if (dice < 0.5) return call(this.pick(["add", "subtract"]), go("time"), this.leaf("duration"));
        return this.cast(this.pick(casts.filter((type) => familyOf(type) === "time")), go("time"));
      }
      case "duration":
        return call("subtract", go("time"), go("time"));
    }
  }

  cast(to: ColumnType, operand: ColumnExpression): ColumnExpression {
    return { kind: "cast", operand, to, orNull: this.random() < 0.5 };
  }

  mixed(family: Family, depth: number): ColumnExpression {
    const go = () => this.of(family, depth - 1);
    if (this.random() < 0.5) return { kind: "call", name: "coalesce", operands: [go(), go()] };
    const branch = { when: this.of("bool", depth - 1), ["then" as const]: go() };
    return { kind: "case", branches: [branch], ...(this.random() < 0.7 ? { otherwise: go() } : {}) };
  }

  leaf(family: Family): ColumnExpression {
    const fields = schema.filter(({ type }) => familyOf(type) === family);
    const { name, type } = this.pick(fields);
    if (this.random() < 0.75) return { kind: "column", name };
    if (family === "number" && this.random() < 0.5)
      return { kind: "literal", value: this.pick([0, 1, 2, -3, 0.5, 100]) };
    const value = this.pick(edgeValues(type));
    if (type.kind === "decimal")
      return {
        kind: "cast",
        operand: { kind: "literal", value: valueText(value, type) },
        to: type,
        orNull: false,
      };
    return { kind: "literal", value, type };
  }
}
