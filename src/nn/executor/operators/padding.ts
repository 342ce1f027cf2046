import { elementCount } from "../../../core/shape.ts";
import { cellStep } from "../cells.ts";
import {
  axisOf,
  float,
  integersAt,
  integersOf,
  invalid,
  type Lower,
  refuse,
  required,
  text,
} from "../context.ts";
import { elementAt } from "../types.ts";
import { address, coordinates } from "./indexing.ts";

const padModes = ["constant", "reflect", "edge", "wrap"];

const pad: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const { builder, node } = context;
  const rank = x.shape.length;
  const given = integersAt(context, inputs, 1, "pads") ?? invalid(node, "it has no pads");
  const mode = text(context, "mode", "constant");
  if (!padModes.includes(mode)) refuse(node, `mode "${mode}"`);
  const named = inputs[3];
  const axes =
    named === undefined
      ? x.shape.map((_, at) => at)
      : integersOf(context, named, "axes").map((axis) => axisOf(context, axis, rank));
  if (given.length !== 2 * axes.length)
    invalid(node, `pads [${given.join(", ")}] do not fit ${axes.length} dimensions`);
  const before = x.shape.map(() => 0);
  const shape = [...x.shape];
  axes.forEach((axis, at) => {
    before[axis] = elementAt(given, at);
    shape[axis] = elementAt(x.shape, axis) + elementAt(given, at) + elementAt(given, at + axes.length);
  });
  if (shape.some((size) => size < 0)) invalid(node, `pads [${given.join(", ")}] leave nothing`);
  const filling = context.opset < 11 ? undefined : inputs[2];
  const value =
    filling === undefined
      ? builder.scalar(x.dtype, context.opset < 11 ? float(context, "value", 0) : 0)
      : builder.reshape(filling, []);
  if (mode === "constant" && elementCount(x.shape) === 0) return builder.expand(value, shape);
  if (elementCount(x.shape) === 0) return refuse(node, "a tensor without elements");
  if (elementCount(shape) === 0) return builder.scalar(x.dtype, 0, shape);
  shape.forEach((size, at) => {
    const own = elementAt(x.shape, at);
    if (mode === "reflect" && own === 1 && size > 1) refuse(node, "reflection of a single element");
  });
  const result = builder.buffer(x.dtype, elementCount(shape));
  const sizes: Record<string, number> = {};
  const places = coordinates(shape, sizes);
  const lines = x.shape.map((size, at) => {
    sizes[`size${at}`] = size;
    sizes[`before${at}`] = elementAt(before, at);
    return `  let f${at} = source_index(i32(c${at}) - bitcast<i32>(p.before${at}), i32(p.size${at}));`;
  });
  const from = address(x.shape, "s", sizes, Object.fromEntries(x.shape.map((_, at) => [at, `u32(f${at})`])));
  const outside = x.shape.map((_, at) => `f${at} < 0`).join(" || ") || "false";
  const fill = mode === "constant" ? { filling: builder.dense(value) } : undefined;
  cellStep(builder, {
    label: `pad ${mode}`,
    inputs: { source: builder.dense(x), ...fill },
    outputs: { result },
    sizes,
    text: `${padText(mode)}fn cell(i: u32) {
${places}
${lines.join("\n")}
${fill === undefined ? "" : `  if (${outside}) {\n    result[i] = filling[0];\n    return;\n  }\n`}  result[i] = source[${from}];
}
`,
    count: elementCount(shape),
    work: 6 * rank + 2,
  });
  return builder.leaf(result, shape);
};

/** Where an element comes from along one dimension; negative means from outside. */
function padText(mode: string): string {
  const texts: Readonly<Record<string, string>> = {
    constant: "return select(-1, at, at >= 0 && at < size);",
    edge: "return clamp(at, 0, size - 1);",
    wrap: "return ((at % size) + size) % size;",
    reflect: `let period = 2 * max(size - 1, 1);
  let turned = ((at % period) + period) % period;
  return select(turned, period - turned, turned >= size);`,
  };
  return `fn source_index(at: i32, size: i32) -> i32 {
  ${texts[mode] ?? ""}
}
`;
}

export const padding: Readonly<Record<string, Lower>> = { Pad: pad };
