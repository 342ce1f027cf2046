import { type Field, sameType, typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import { asType } from "../../expression/column/operand.ts";
import { commonType } from "../../expression/column/types.ts";
import type { PlanNode } from "../plan/node.ts";
import { columnNamed } from "./computed.ts";
import { projected } from "./project.ts";

/** The rows of all, columns matched by name; types widen to one that holds all values. */
export function concat(inputs: readonly PlanNode[]): PlanNode {
  const [first] = inputs;
  if (first === undefined) {
    throw new AikoError("INVALID_ARGUMENT", { message: "concat takes at least one frame" });
  }
  if (inputs.length === 1) return first;
  const schema = first.schema.map((field): Field => {
    let { type } = field;
    for (const input of inputs) {
      const other = input.schema.find(({ name }) => name === field.name);
      if (other === undefined) throw differs(inputs.indexOf(input), `has no column "${field.name}"`);
      const common = sameType(type, other.type) ? type : commonType(type, other.type);
      if (common === undefined) {
        throw differs(
          inputs.indexOf(input),
          `has "${field.name}" as ${typeText(other.type)}, others as ${typeText(type)}`,
        );
      }
      type = common;
    }
    return { name: field.name, type };
  });
  inputs.forEach((input, at) => {
    const extra = input.schema.find(({ name }) => !schema.some((field) => field.name === name));
    if (extra !== undefined) throw differs(at, `has a column "${extra.name}" more`);
  });
  return { kind: "concat", schema, inputs: inputs.map((input) => fitted(input, schema)) };
}

function differs(at: number, how: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `concat: frame ${at} ${how}`,
    hint: "Bring them to the same columns first, with select or derive.",
  });
}

function fitted(input: PlanNode, schema: readonly Field[]): PlanNode {
  const same = input.schema.every((field, at) => {
    const wanted = schema[at];
    return wanted !== undefined && wanted.name === field.name && sameType(wanted.type, field.type);
  });
  if (same) return input;
  const columns = schema.map((field) => ({
    field,
    expression: asType(columnNamed(input.schema, field.name).expression, field.type),
  }));
  return projected(input, columns, "concat");
}
