import { describe, expect, it } from "vitest";
import { keyText } from "#src/core/key-text.js";
import { fusedMultiplyAdd } from "#src/wgsl/evaluate/rounding.js";
import { roundToHalf } from "#src/wgsl/evaluate/value.js";
import { f16, f32, f64 } from "#src/wgsl/types.js";
import { seeded } from "../support/random.js";
import { program } from "./support.js";

type Wide = "i64" | "u64";

const random = seeded(64);
/** Any number of bits, so that small values are as likely as large ones. */
const anyBits = () => {
  const word = () => BigInt(Math.floor(random() * 2 ** 32));
  return ((word() << 32n) | word()) >> BigInt(Math.floor(random() * 64));
};
const drawn = Array.from({ length: 16 }, anyBits);

const edges: Readonly<Record<Wide, readonly bigint[]>> = {
  i64: [0n, 1n, -1n, 2n, -7n, 1n << 31n, -(1n << 31n) - 1n, (1n << 32n) + 3n, (1n << 63n) - 1n, -(1n << 63n)],
  u64: [0n, 1n, 2n, 7n, (1n << 31n) + 1n, 1n << 32n, (1n << 53n) + 1n, 1n << 63n, (1n << 64n) - 1n],
};
const wrap = (type: Wide, value: bigint) =>
  type === "i64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
const values: Readonly<Record<Wide, readonly bigint[]>> = {
  i64: [...edges.i64, ...drawn.map((value, at) => wrap("i64", at % 2 === 0 ? value : -value))],
  u64: [...edges.u64, ...drawn],
};
const spell = (type: Wide, value: bigint) => `(${value}l${type[0]})`;

/** Holds `facts` to be true, and the negations of the first to be false. */
function hold(facts: readonly string[]): void {
  const wrong = facts.filter((fact) => {
    try {
      program(`const_assert ${fact};`);
      return false;
    } catch {
      return true;
    }
  });
  expect(wrong).toEqual([]);
  for (const fact of facts.slice(0, 3)) expect(() => program(`const_assert !(${fact});`)).toThrow(/false/);
}

const binary: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};
const comparisons: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

describe.each(["i64", "u64"] as const)("constants of %s", (type) => {
  const pairs = values[type].flatMap((a) => values[type].map((b) => [a, b] as const));

  it.each(Object.entries(binary))("a %s b agrees with BigInt", (operator, exact) => {
    const divides = operator === "/" || operator === "%";
    hold(
      pairs
        .filter(([a, b]) => !divides || (b !== 0n && !(b === -1n && a === -(1n << 63n))))
        .map(
          ([a, b]) =>
            `(${spell(type, a)} ${operator} ${spell(type, b)}) == ${spell(type, wrap(type, exact(a, b)))}`,
        ),
    );
  });

  it.each(Object.entries(comparisons))("a %s b agrees with BigInt", (operator, exact) => {
    hold(pairs.map(([a, b]) => `(${spell(type, a)} ${operator} ${spell(type, b)}) == ${exact(a, b)}`));
  });

  it("shifts by every count", () => {
    const facts = values[type].flatMap((a) =>
      Array.from({ length: 64 }, (_, count) => {
        const left = a << BigInt(count);
        const facts = [`(${spell(type, a)} >> ${count}u) == ${spell(type, a >> BigInt(count))}`];
        if (wrap(type, left) === left) facts.push(`(${spell(type, a)} << ${count}u) == ${spell(type, left)}`);
        return facts;
      }).flat(),
    );
    hold(facts);
  });

  it("complements, and negates where it is signed", () => {
    hold(values[type].map((a) => `~${spell(type, a)} == ${spell(type, wrap(type, ~a))}`));
    if (type === "i64") hold(values.i64.map((a) => `-${spell(type, a)} == ${spell(type, wrap(type, -a))}`));
  });

  it("has the bit functions", () => {
    const text = (a: bigint) => BigInt.asUintN(64, a).toString(2).padStart(64, "0");
    const sign = (a: bigint) => (type === "i64" && a < 0n ? text(~a) : text(a));
    const position = (at: number) => (at < 0 ? wrap(type, -1n) : 63n - BigInt(at));
    const functions: Readonly<Record<string, (a: bigint) => bigint>> = {
      countOneBits: (a) => BigInt([...text(a)].filter((bit) => bit === "1").length),
      countLeadingZeros: (a) => BigInt(/^0*/.exec(text(a))?.[0].length ?? 0),
      countTrailingZeros: (a) => BigInt(/0*$/.exec(text(a))?.[0].length ?? 0),
      firstLeadingBit: (a) => position(sign(a).indexOf("1")),
      firstTrailingBit: (a) => position(text(a).lastIndexOf("1")),
      reverseBits: (a) => wrap(type, BigInt(`0b${[...text(a)].reverse().join("")}`)),
      abs: (a) => wrap(type, a < 0n ? -a : a),
    };
    hold(
      Object.entries(functions).flatMap(([name, exact]) =>
        values[type].map((a) => `${name}(${spell(type, a)}) == ${spell(type, exact(a))}`),
      ),
    );
  });

  it("has minimum, maximum, clamp and select", () => {
    hold(
      pairs.flatMap(([a, b]) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const given = `${spell(type, a)}, ${spell(type, b)}`;
        return [
          `min(${given}) == ${spell(type, low)}`,
          `max(${given}) == ${spell(type, high)}`,
          `select(${given}, true) == ${spell(type, b)}`,
          `clamp(5${type === "i64" ? "li" : "lu"}, ${spell(type, low)}, ${spell(type, high)}) == ${spell(type, low > 5n ? low : high < 5n ? high : 5n)}`,
        ];
      }),
    );
  });

  it("converts to and from 32 bits by its low word", () => {
    const to32 = (a: bigint) => [
      `i32(${spell(type, a)}) == i32(${BigInt.asIntN(32, a)})`,
      `u32(${spell(type, a)}) == ${BigInt.asUintN(32, a)}u`,
      `bool(${spell(type, a)}) == ${a !== 0n}`,
    ];
    hold(values[type].flatMap(to32));
    hold([-1n, -2147483648n, 2147483647n].map((a) => `${type}(i32(${a})) == ${spell(type, wrap(type, a))}`));
    hold([0n, 4294967295n].map((a) => `${type}(${a}u) == ${spell(type, a)}`));
    hold([`${type}(true) == ${spell(type, 1n)}`, `${type}(false) == ${spell(type, 0n)}`]);
  });

  it("turns into the nearest floats", () => {
    const doubles = [...values[type], (1n << 60n) + (1n << 36n) + 1n, (1n << 60n) + (1n << 36n)];
    hold(doubles.map((a) => `f64(${spell(type, a)}) == ${spelledFloat(Number(a))}lf`));
    hold(doubles.map((a) => `f32(${spell(type, a)}) == ${spelledFloat(nearestSingle(a))}f`));
  });
});

const spelledFloat = (value: number) => (value < 0 ? `-${Math.abs(value)}` : `${value}`);

/** Between the two neighbouring floats by comparing distances exactly. */
function nearestSingle(value: bigint): number {
  const close = Math.fround(Number(value));
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, close);
  const around = [-1, 0, 1].map((step) => {
    const neighbour = new DataView(new ArrayBuffer(4));
    neighbour.setInt32(0, bits.getInt32(0) + step);
    return neighbour.getFloat32(0);
  });
  const candidates = around.filter(Number.isInteger);
  const distance = (float: number) => {
    const difference = BigInt(float) - value;
    return difference < 0n ? -difference : difference;
  };
  const even = (float: number) => {
    bits.setFloat32(0, float);
    return bits.getUint32(0) % 2 === 0;
  };
  return candidates.reduce((best, float) =>
    distance(float) < distance(best) || (distance(float) === distance(best) && even(float)) ? float : best,
  );
}

/** The outermost value that an integer type shares with a float of `precision` bits. */
const facts: readonly string[] = [
  "i64(9.3e18f) == 9223371487098961920li",
  "i64(-9.3e18f) == -9223372036854775808li",
  "u64(1e20f) == 18446742974197923840lu",
  "u64(-1.5f) == 0lu",
  "i64(1e19lf) == 9223372036854774784li",
  "i64(-1e19lf) == -9223372036854775808li",
  "u64(1e20lf) == 18446744073709549568lu",
  "i64(1e19) == 9223372036854774784li",
  "i32(3e9lf) == 2147483647i",
  "u32(5e9lf) == 4294967295u",
  "i32(3e9f) == 2147483520i",
  "u32(5e9f) == 4294967040u",
  "i32(3e9) == 2147483647i",
  "i64(-1.9lf) == -1li",
  "i64(9007199254740993.0lf) == 9007199254740992li",
  "u64(-1li) == 18446744073709551615lu",
  "i64(18446744073709551615lu) == -1li",
  "f32(0.1lf) == 0.1f",
  "f64(0.1f) == 0.10000000149011612lf",
  "f64(0.1f) != 0.1lf",
  "0.1lf + 0.2lf == 0.30000000000000004lf",
  "0.1lf + 0.2lf != 0.3lf",
  "f64(true) == 1lf",
  "5.5lf % 2 == 1.5lf",
  "0x1.8p1lf == 3lf",
  "0x10000000000000p-1126lf == 0x1p-1074lf",
  "0x0.00000000000000000001p80lf == 1lf",
  "0x1p1023lf > 8.98e307lf",
  "all(vec2<i64>(1, 2) * 3 == vec2<i64>(3, 6))",
  "all(vec3<u64>(vec3(1.5, -1.0, 7.0)) == vec3<u64>(1, 0, 7))",
  "all(vec2<i64>() == vec2(0li, 0li))",
  "array<u64, 2>(1, 2)[1] == 2",
  "dot(vec2<i64>(4294967296, 3), vec2<i64>(4294967295, 5)) == -4294967281li",
  "sign(-5li) == -1li",
  "sign(0li) == 0li",
  "abs(-2.5lf) == 2.5lf",
  "sqrt(2lf) == 1.4142135623730951lf",
  "floor(-0.5lf) == -1lf",
  "round(2.5lf) == 2lf",
  "frexp(9007199254740991lf).exp == 53",
  "frexp(0x1p-1074lf).exp == -1073",
  "frexp(1.7976931348623157e308lf).fract == 0.9999999999999999lf",
  "modf(-1.5lf).whole == -1lf",
  "ldexp(0x1p-1000lf, 1100) == 0x1p100lf",
  "ldexp(1.5lf, 3) == 12lf",
  "fma(0.1lf, 10lf, -1lf) == 5.551115123125783e-17lf",
  "fma(16777217.0 - 1.0, 1f, 0.99f) == 16777216f",
  "length(vec2(3e-200lf, 4e-200lf)) == 5e-200lf",
  "bitcast<u64>(round(-0.5lf)) == 0x8000000000000000lu",
  "bitcast<u64>(modf(-3.0lf).fract) == 0x8000000000000000lu",
  "bitcast<u64>(1lf) == 0x3ff0000000000000lu",
  "bitcast<u64>(-0.0lf) == 0x8000000000000000lu",
  "bitcast<i64>(18446744073709551614lu) == -2li",
  "bitcast<f64>(0x400921fb54442d18lu) == 3.141592653589793lf",
  "bitcast<u64>(vec2(1u, 2u)) == 0x200000001lu",
  "all(bitcast<vec2<u32>>(-2li) == vec2(4294967294u, 4294967295u))",
  "all(bitcast<vec2<i32>>(0xffffffff00000001lu) == vec2(1, -1))",
  "bitcast<f64>(bitcast<vec2<f32>>(1.5lf)) == 1.5lf",
  "all(bitcast<vec2<u64>>(vec2<i64>(-1, 1)) == vec2<u64>(18446744073709551615lu, 1))",
  "9223372036854775807li + 1 == -9223372036854775808li",
  "-9223372036854775808li == -9223372036854775807li - 1",
  "-0x8000000000000000li == -9223372036854775808li",
  "18446744073709551615lu + 1 == 0",
  "(1li << 62u) == 4611686018427387904",
  "f64(1) / 3 == 0.3333333333333333lf",
];

describe("64-bit constants", () => {
  it.each(facts)("%s", (fact) => {
    expect(() => program(`const_assert ${fact};`)).not.toThrow();
    expect(() => program(`const_assert !(${fact});`)).toThrow(/false/);
  });
});

describe("rounding once", () => {
  it("agrees with JavaScript's own where that rounds once, too", () => {
    const bits = new DataView(new ArrayBuffer(8));
    const anyFloat = () => {
      bits.setBigUint64(0, anyBits());
      const value = bits.getFloat64(0);
      return Number.isFinite(value) ? value : random();
    };
    const wrong: unknown[] = [];
    const same = (...found: readonly [ours: number, theirs: number]) => {
      if (found[0] !== found[1]) wrong.push(found);
    };
    for (let round = 0; round < 20_000; round++) {
      const [a, b] = [anyFloat(), anyFloat()];
      const c = a * 2 ** -Math.floor(random() * 300);
      same(fusedMultiplyAdd(a, b, 0, f64), a * b);
      same(fusedMultiplyAdd(a, 1, b, f64), a + b);
      same(fusedMultiplyAdd(c, 1, 0, f32), Math.fround(c));
      same(fusedMultiplyAdd(c, 1, 0, f16), roundToHalf(c));
    }
    expect(wrong).toEqual([]);
  });
});

describe("keys of options", () => {
  it("tell values apart that JSON does not", () => {
    const keys = [1, 1n, 0, -0, 0n, 2n ** 64n, true].map((n) => keyText({ constants: { n } }));
    expect(new Set(keys).size).toBe(keys.length);
  });
});
