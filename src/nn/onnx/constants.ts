import { totalmem } from "node:os";
import { elementCount, formatShape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";
import { tensorAttribute } from "./access.ts";
import { describeNode, type OnnxGraph, type OnnxTensor } from "./model.ts";

const leastBytesEach = 1;

/**
 * A few bytes of a file can ask for any amount of memory: an engine would fill it before anybody could stop it. Throws
 * INVALID_FILE, naming the node, for a constant that no memory of this machine holds.
 */
export function checkConstants(graph: OnnxGraph): void {
  const made = new Map<string, OnnxTensor>();
  for (const node of graph.nodes) {
    const [output = ""] = node.outputs;
    const value = node.operator === "Constant" ? tensorAttribute(node, "value") : undefined;
    if (value !== undefined) made.set(output, value);
    const at = sizeInputs[node.operator];
    const name = at === undefined || node.domain !== "" ? "" : (node.inputs[at] ?? "");
    const sizes = made.get(name) ?? graph.initializers.get(name);
    if (sizes === undefined || sizes.external !== undefined || sizes.dtype !== "i64") continue;
    const shape = Array.from(sizes.data as BigInt64Array, Number);
    if (elementCount(shape) * leastBytesEach <= totalmem()) continue;
    throw new AikoError("INVALID_FILE", {
      message: `${describeNode(node)} makes a tensor of ${formatShape(shape)}, more than this machine's memory`,
    });
  }
}

/** Where these operators take the sizes of what they make. */
const sizeInputs: Readonly<Record<string, number>> = { ConstantOfShape: 0, Expand: 1 };
