import type { Expression } from "../../ir.ts";
import type { StructType } from "../../types.ts";
import { memberPlace, type Place, storeText } from "./places.ts";
import type { BuiltinCall, Writer } from "./writer.ts";

/** frexp and modf give two results; quantizeToF16 goes through memory. */
export function emitStructure(writer: Writer, expression: BuiltinCall): string | undefined {
  const { name, args, type } = expression;
  const [arg] = args;
  if (arg === undefined) return undefined;
  if (name === "quantizeToF16") return quantize(writer, arg);
  if ((name !== "frexp" && name !== "modf") || type.kind !== "struct") return undefined;
  const secondType = type.members[1]?.type ?? arg.type;
  const second = writer.names.temporary();
  const text = writer.value(arg);
  writer.line(`${writer.types.value(secondType)} ${second};`);
  const first = writer.spill(arg.type, `${name}(${text}, &${second})`);
  return buildStructure(writer, type, [first, second]);
}

function quantize(writer: Writer, arg: Expression): string {
  const { helpers, dialect } = writer;
  const half = helpers.need("quantize", () => dialect.helpers.quantize);
  const { type } = arg;
  if (type.kind !== "vector") return `${half}(${writer.value(arg)})`;
  const whole = writer.spill(type, writer.value(arg));
  const lanes = Array.from({ length: type.size }, (_, index) => `${half}(${dialect.lane(whole, index)})`);
  return dialect.construct(writer.types.value(type), lanes);
}

/** A structure from its parts, in a new variable. */
export function buildStructure(writer: Writer, type: StructType, parts: readonly string[]): string {
  const whole: Place = { text: writer.names.temporary(), type, space: "function", readOnly: false };
  writer.line(`${writer.types.value(type)} ${whole.text};`);
  parts.forEach((part, index) => {
    writer.line(`${storeText(writer, memberPlace(whole, type, index), part)};`);
  });
  return whole.text;
}
