import { type ArrayOf, dtypes } from "#src/core/dtype.js";
import {
  type BinaryOperator,
  type Expression,
  isFloat,
  type ScalarType,
  type UnaryOperator,
} from "#src/expression/expression.js";
import { binary, cast, constant, input, select, unaryAllows } from "#src/expression/index.js";

export const scalarTypes: readonly ScalarType[] = ["f32", "f64", "i32", "u32", "i64", "u64", "bool"];

export const unaryOperators = (
  "negate not bitNot abs sign sqrt exp expm1 log log1p log2 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf " +
  "floor ceil round truncate isNan isInfinite"
).split(" ") as UnaryOperator[];

export const binaryOperators = (
  "add subtract multiply divide floorDivide remainder modulo power atan2 minimum maximum equal notEqual less lessEqual " +
  "greater greaterEqual and or xor bitAnd bitOr bitXor shiftLeft shiftRight"
).split(" ") as BinaryOperator[];

export function unaryOf(type: ScalarType): readonly UnaryOperator[] {
  return unaryOperators.filter((operator) => unaryAllows(operator, type));
}

export function binaryOf(type: ScalarType): readonly BinaryOperator[] {
  return binaryOperators.filter((operator) => {
    try {
      return binary(operator, input(0, type), input(1, type)) !== undefined;
    } catch {
      return false;
    }
  });
}

/** One expression that gives operator number `input(selector)`: few kernels for many operators. */
export function chosen(results: readonly Expression[], selector: number, type: ScalarType): Expression {
  const which = input(selector, "u32");
  return results
    .map((result) => cast(result, type))
    .reduceRight((otherwise, result, at) =>
      select(binary("equal", which, constant(at, "u32")), result, otherwise),
    );
}

export type Value = number | bigint | boolean;

/** Values at which operators go wrong. */
export function edgeValues(type: ScalarType): readonly Value[] {
  if (type === "bool") return [false, true];
  if (isFloat(type)) {
    const large = type === "f32" ? 3.4028234663852886e38 : Number.MAX_VALUE;
    const numbers = [
      0,
      0.1,
      0.25,
      0.5,
      0.7,
      1,
      1.5,
      2,
      2.5,
      3,
      3.5,
      5,
      7.25,
      20.5,
      21,
      88,
      100.5,
      1000.75,
      65_536,
      8_388_609,
      16_777_216,
      2 ** 31,
      2 ** 32,
      2 ** 63,
      2 ** 64,
      1e10,
      1e-3,
      1e-6,
      1e-12,
      1e30,
      large,
      Infinity,
      Math.PI / 2,
      Math.PI,
      0.9999,
      1.0001,
    ];
    const values = numbers.flatMap((value) => [value, -value]);
    return [...values, Number.NaN].map((value) => (type === "f32" ? Math.fround(value) : value));
  }
  const bits = type === "i32" || type === "u32" ? 32n : 64n;
  const top = 2n ** bits;
  const all = [
    0n,
    1n,
    2n,
    3n,
    5n,
    7n,
    10n,
    31n,
    32n,
    33n,
    63n,
    64n,
    65n,
    1000n,
    65_535n,
    65_536n,
    2n ** 31n - 1n,
    2n ** 31n,
  ];
  const wrapped = [...all, top / 2n - 1n, top / 2n, top / 2n + 1n].flatMap((value) => [value, -value]);
  const wrap = (value: bigint) =>
    type.startsWith("i") ? BigInt.asIntN(Number(bits), value) : BigInt.asUintN(Number(bits), value);
  const unique = [...new Set(wrapped.map(wrap))];
  return bits === 64n ? unique : unique.map(Number);
}

export function arrayOf<T extends ScalarType>(type: T, values: readonly Value[]): ArrayOf<T> {
  const { array } = dtypes[type];
  const made = new array(values.length);
  for (const [at, value] of values.entries()) {
    (made as { [at: number]: number | bigint })[at] = typeof value === "boolean" ? Number(value) : value;
  }
  return made;
}

export { isFloat };
