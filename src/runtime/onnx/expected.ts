import { elementCount } from "../../core/shape.ts";
import type { ValueDescription } from "./describe.ts";
import { allocate, type EngineTensor } from "./tensor-values.ts";

/**
 * Arrays for the outputs of a run, where the inputs say all of their sizes: ONNX Runtime then writes them directly. Nothing
 * where a single one is open, a text or empty.
 */
export function expectedOutputs(
  described: { readonly inputs: readonly ValueDescription[]; readonly outputs: readonly ValueDescription[] },
  inputs: ReadonlyMap<string, EngineTensor>,
  names: readonly string[],
): EngineTensor[] | undefined {
  const sizes = new Map<string, number>();
  for (const { name, shape } of described.inputs) {
    const given = inputs.get(name)?.shape;
    for (const [axis, size] of shape.entries()) {
      if (typeof size === "string" && given !== undefined) sizes.set(size, given[axis] ?? 0);
    }
  }
  const outputs: EngineTensor[] = [];
  for (const name of names) {
    const output = described.outputs.find((one) => one.name === name);
    if (output === undefined || output.shape.length === 0) return undefined;
    const { dtype } = output;
    if (dtype === "unsupported" || dtype === "string") return undefined;
    const shape = output.shape.map((size) =>
      typeof size === "string" ? (sizes.get(size) ?? 0) : (size ?? 0),
    );
    const count = elementCount(shape);
    if (count === 0) return undefined;
    outputs.push({ dtype, shape, data: allocate(dtype, count) });
  }
  return outputs;
}
