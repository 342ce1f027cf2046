import { elementCount } from "../../core/shape.ts";
import { inRows } from "../../kernels/grid.ts";
import type { Buffer } from "./buffer.ts";
import { elementText, inputTexts } from "./elements.ts";
import { type Expression, partsOf } from "./expression.ts";
import { type DeviceTraits, type Dispatch, type Step, threadsFor, Words } from "./step.ts";
import { storageBytes, storageOf } from "./types.ts";
import { isDense, type View } from "./views.ts";

export interface Pointwise {
  readonly expression: Expression;
  readonly shape: readonly number[];
  readonly result: Buffer;
  /** Where in the result the elements go, other than densely from its start. */
  readonly out?: View | undefined;
  readonly operators: readonly string[];
}

/** One kernel for a whole expression: reads each input once, through whatever strides, and writes the result. */
export function pointwiseStep(traits: DeviceTraits, work: Pointwise): Step {
  const { expression, shape, result, out, operators } = work;
  const leaves = partsOf(expression).filter((part) => part.kind === "leaf");
  const reads = [...new Set(leaves.map(({ buffer }) => buffer))];
  const replaceable = reads.filter(
    (buffer) =>
      out === undefined &&
      buffer.length === result.length &&
      storageBytes(buffer.dtype) === storageBytes(result.dtype) &&
      leaves.every((leaf) => leaf.buffer !== buffer || isDense(shape, leaf)),
  );
  const names = partsOf(expression).flatMap((part) => (part.kind === "apply" ? [part.operation] : []));
  return {
    label: names.length === 0 ? "copy" : `elementwise ${names.join(" ")}`,
    operators,
    reads,
    writes: [result],
    scratch: [],
    flops: elementCount(shape) * names.length,
    replaceable,
    pointwise: work,
    dispatches: (replaced) => (elementCount(shape) === 0 ? [] : [pointwiseDispatch(traits, work, replaced)]),
  };
}

function pointwiseDispatch(traits: DeviceTraits, work: Pointwise, replaced: Buffer | undefined): Dispatch {
  const { expression, shape, result, out } = work;
  const count = elementCount(shape);
  const words = new Words();
  const threads = threadsFor(count, 4096);
  const chunk = Math.ceil(count / threads / 16) * 16;
  const size = words.add("count", count);
  const each = words.add("chunk", chunk);
  const type = storageOf(result.dtype);
  const reinterprets = replaced !== undefined && storageOf(replaced.dtype) !== type;
  const known =
    replaced === undefined
      ? undefined
      : { buffer: replaced, text: knownText(reinterprets, replaced, "base + x") };
  const text = elementText(expression, shape, words, { known, out });
  const inner = words.add("inner", text.inner);
  const target = out === undefined ? "base + x" : "out_at";
  const body = `    let line = i / ${inner};
    let start = (i % ${inner}) & 0x7fffffffu;
    let end = min(${inner}, start + last - i) & 0x7fffffffu;
    let base = (i - start) & 0x7fffffffu;
    ${text.lineText}
    for (var x = start; x < end; x++) {
      ${text.elementText}
      result[${target}] = ${text.value};
    }
    i += end - start;`;
  const loop = (first: string, last: string) => `  let last = ${last};
  var i = ${first};
  while (i < last) {
${body}
  }`;
  const main = traits.long
    ? `@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * ${each};
${loop("first", `min(first + ${each}, ${size})`)}
}`
    : `@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let first = id.x + id.y * groups.x * 256u;
${loop("first", `min(first + 1u, ${size})`)}
}`;
  return {
    label: "elementwise",
    text: [
      words.text,
      `@group(0) @binding(1) var<storage, read_write> result: array<${type}>;\n`,
      inputTexts(text.inputs, 2),
      [...text.functions.values(), main].join("\n"),
    ].join(""),
    entryPoint: "main",
    bindings: { result, ...Object.fromEntries(text.inputs) },
    parameters: words.bytes,
    workgroups: traits.long ? [Math.ceil(count / chunk), 1] : inRows(Math.ceil(count / 256)),
  };
}

/** An input that lies where the result goes is read through the result's binding. */
function knownText(reinterprets: boolean, buffer: Buffer, index: string): string {
  const type = storageOf(buffer.dtype);
  const value = reinterprets ? `bitcast<${type}>(result[${index}])` : `result[${index}]`;
  return buffer.dtype === "bool" ? `(${value} != 0u)` : value;
}
