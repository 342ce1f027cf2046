import type { Expression } from "../ir.ts";
import type { Type } from "../types.ts";
import { foldBitcast } from "./bitcast.ts";
import { foldBuiltin } from "./builtins.ts";
import { foldBinary, foldUnary } from "./operators.ts";
import { at, convert, type Data, foldError, list, zero } from "./value.ts";

/** The value of a constant or override expression, or undefined where it depends on anything else. */
export function evaluate(expression: Expression): Data | undefined {
  switch (expression.kind) {
    case "constant":
      return expression.data;
    case "override":
      return expression.override.data;
    case "unary":
      return apply([expression.operand], ([value = 0]) =>
        foldUnary(expression.operator, scalarOf(expression.operand.type), value),
      );
    case "binary":
      return apply([expression.left, expression.right], ([left = 0, right = 0]) =>
        foldBinary(expression.operator, left, expression.left.type, right, expression.right.type),
      );
    case "convert":
      return apply([expression.operand], ([value = 0]) =>
        convert(value, expression.operand.type, expression.type, true),
      );
    case "bitcast":
      return apply([expression.operand], ([value = 0]) =>
        foldBitcast(value, expression.operand.type, expression.type),
      );
    case "construct":
      return apply(expression.args, (args) =>
        construct(
          expression.type,
          args,
          expression.args.map((arg) => arg.type),
        ),
      );
    case "builtin": {
      const types = expression.args.map((arg) => arg.type);
      return apply(expression.args, (args) => foldBuiltin(expression.name, args, types));
    }
    case "index":
      return apply([expression.base, expression.index], ([base = 0, index = 0]) => at(base, Number(index)));
    case "member":
      return apply([expression.base], ([base = 0]) => at(base, expression.member));
    case "swizzle":
      return apply([expression.base], ([base = 0]) => {
        const parts = expression.components.map((component) => at(base, component));
        return expression.type.kind === "vector" ? parts : (parts[0] ?? 0);
      });
    default:
      return undefined;
  }
}

function apply(
  operands: readonly Expression[],
  fold: (values: Data[]) => Data | undefined,
): Data | undefined {
  const values: Data[] = [];
  for (const operand of operands) {
    const value = evaluate(operand);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return fold(values);
}

function scalarOf(type: Type) {
  if (type.kind === "vector" || type.kind === "matrix") return type.element;
  if (type.kind === "scalar") return type;
  throw foldError("operators take scalars, vectors and matrices");
}

function construct(type: Type, args: readonly Data[], types: readonly Type[]): Data {
  if (args.length === 0) return zero(type);
  if (type.kind === "vector") {
    const parts = args.flatMap((arg) => (typeof arg === "object" ? [...arg] : [arg]));
    return parts.length === 1 ? new Array<Data>(type.size).fill(parts[0] ?? 0) : parts;
  }
  if (type.kind === "matrix" && types[0]?.kind === "scalar") {
    return Array.from({ length: type.columns }, (_, column) =>
      args.slice(column * type.rows, (column + 1) * type.rows),
    );
  }
  if (type.kind === "matrix" && types[0]?.kind === "matrix") return list(args[0] ?? []);
  return [...args];
}
