import type { ColumnType } from "../../../core/column-type.ts";
import { AikoError, isAikoError } from "../../../errors.ts";
import { castValue, type Value } from "../cast-value.ts";
import type { ResolvedExpression } from "../expression.ts";
import { heldValue } from "../literals.ts";
import { compareValues } from "./compare.ts";
import { numberFunctions } from "./numbers.ts";
import { textFunctions } from "./texts.ts";
import { timeFunctions } from "./times.ts";

/** The value of row `row`, null where it is null. */
export type HostReader = (row: number) => Value | null;

/** Of values that are not null; null where the result is. Throws AikoError for a value that it does not take. */
export type HostFunction = (
  operands: readonly Value[],
  types: readonly ColumnType[],
  result: ColumnType,
) => Value | null;

/** An expression as a function of the row, which reads columns by `readers`. Throws OVERFLOW and INVALID_VALUE when called. */
export function compileOnHost(node: ResolvedExpression, readers: readonly HostReader[]): HostReader {
  const made = new Map<ResolvedExpression, HostReader>();
  const compile = (each: ResolvedExpression): HostReader => {
    let reader = made.get(each);
    if (reader === undefined) {
      reader = compiled(each, readers, compile);
      made.set(each, reader);
    }
    return reader;
  };
  return compile(node);
}

type Compile = (node: ResolvedExpression) => HostReader;
type Call = Extract<ResolvedExpression, { readonly kind: "call" }>;

function compiled(node: ResolvedExpression, readers: readonly HostReader[], compile: Compile): HostReader {
  switch (node.kind) {
    case "column": {
      const reader = readers[node.index];
      if (reader !== undefined) return reader;
      throw new AikoError("INVALID_ARGUMENT", {
        message: `An expression reads column ${node.index} of ${readers.length}`,
      });
    }
    case "literal": {
      const value = heldValue(node);
      return () => value;
    }
    case "case": {
      const branches = node.branches.map((each) => [compile(each.when), compile(each.then)] as const);
      const otherwise = compile(node.otherwise);
      return (row) => {
        for (const [condition, value] of branches) if (condition(row) === true) return value(row);
        return otherwise(row);
      };
    }
    case "cast":
      return castReader(compile(node.operand), node.operand.type, node.type, node.orNull);
    case "call":
      return callReader(node, compile);
  }
}

function castReader(operand: HostReader, from: ColumnType, to: ColumnType, orNull: boolean): HostReader {
  return (row) => {
    const value = operand(row);
    if (value === null) return null;
    if (!orNull) return castValue(value, from, to);
    try {
      return castValue(value, from, to);
    } catch (error) {
      if (isAikoError(error)) return null;
      throw error;
    }
  };
}

function callReader(node: Call, compile: Compile): HostReader {
  const operands = node.operands.map(compile);
  const types = node.operands.map(({ type }) => type);
  const lazy = lazyReader(node, operands);
  if (lazy !== undefined) return lazy;
  const own: HostFunction | undefined =
    numberFunctions[node.name] ?? textFunctions[node.name] ?? timeFunctions[node.name];
  if (own === undefined)
    throw new AikoError("INTERNAL", { message: `${node.name} has no meaning on the host` });
  return (row) => {
    const values = operands.map((operand) => operand(row));
    return values.every(isValue) ? own(values, types, node.type) : null;
  };
}

function isValue(value: Value | null): value is Value {
  return value !== null;
}

/** Functions with a rule of their own for nulls, or which do not look at all operands. */
function lazyReader(node: Call, operands: readonly HostReader[]): HostReader | undefined {
  const { name, type } = node;
  const [first = () => null, second = () => null] = operands;
  const operandCompare = (row: number, other: HostReader) => {
    const [a, b] = [first(row), other(row)];
    return a === null || b === null ? null : compareValues(a, b);
  };
  switch (name) {
    case "and":
      return (row) => decided(operands, row, false);
    case "or":
      return (row) => decided(operands, row, true);
    case "isNull":
      return (row) => first(row) === null;
    case "isNotNull":
      return (row) => first(row) !== null;
    case "isDistinctFrom":
      return (row) => !isSame(first(row), second(row));
    case "isNotDistinctFrom":
      return (row) => isSame(first(row), second(row));
    case "isIn":
      return inLiterals(node, first) ?? ((row) => isIn(first(row), operands.slice(1), row));
    case "concat":
      return (row) => operands.map((operand) => operand(row) ?? "").join("");
    case "coalesce":
      return (row) => {
        for (const operand of operands) {
          const value = operand(row);
          if (value !== null) return value;
        }
        return null;
      };
    case "nullIf":
      return (row) => (operandCompare(row, second) === 0 ? null : first(row));
    case "least":
    case "greatest":
      return (row) => extreme(operands, row, name === "least" ? -1 : 1);
    default:
      return type.kind === "bool" && name in comparisons
        ? (row) => {
            const order = operandCompare(row, second);
            return order === null ? null : (comparisons[name]?.(order) ?? null);
          }
        : undefined;
  }
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  equal: (order) => order === 0,
  notEqual: (order) => order !== 0,
  less: (order) => order < 0,
  lessEqual: (order) => order <= 0,
  greater: (order) => order > 0,
  greaterEqual: (order) => order >= 0,
};

function decided(operands: readonly HostReader[], row: number, by: boolean): boolean | null {
  let result: boolean | null = !by;
  for (const operand of operands) {
    const value = operand(row);
    if (value === by) return by;
    if (value === null) result = null;
  }
  return result;
}

function isSame(a: Value | null, b: Value | null): boolean {
  return a === null || b === null ? a === b : compareValues(a, b) === 0;
}

function isIn(value: Value | null, list: readonly HostReader[], row: number): boolean | null {
  if (value === null) return list.length === 0 ? false : null;
  let result: boolean | null = false;
  for (const each of list) {
    const other = each(row);
    if (other === null) result = null;
    else if (compareValues(value, other) === 0) return true;
  }
  return result;
}

/** A set holds NaN once and takes -0 for 0, as comparisons do. */
function inLiterals({ operands }: Call, first: HostReader): HostReader | undefined {
  const list = operands.slice(1);
  const values = list.flatMap((each) => (each.kind === "literal" ? [heldValue(each)] : []));
  if (values.length < list.length || values.length === 0) return undefined;
  const set = new Set(values);
  const missing = set.has(null) ? null : false;
  return (row) => {
    const value = first(row);
    return value === null ? null : set.has(value) || missing;
  };
}

function extreme(operands: readonly HostReader[], row: number, sign: number): Value | null {
  let best: Value | null = null;
  for (const operand of operands) {
    const value = operand(row);
    if (value !== null && (best === null || compareValues(value, best) * sign > 0)) best = value;
  }
  return best;
}
