import { elementCount, type Shape } from "../../core/shape.ts";
import type { NamedTensors } from "../executor/executor.ts";
import { fromHalf } from "../half.ts";
import type { Provider } from "../load.ts";
import {
  describeNode,
  nodesOf,
  type OnnxModel,
  type OnnxNode,
  stringAttribute,
  type TensorData,
  tensorAttribute,
} from "../onnx/index.ts";

/** What is known of a value before the run. */
interface Known {
  readonly shape: Shape;
  readonly dtype: string;
  readonly data: TensorData;
}

type Look = (node: OnnxNode, input: number) => Known | undefined;
/** Why ONNX Runtime's answer would not be the specification's. */
type Rule = (node: OnnxNode, look: Look) => string | undefined;

const standard: Readonly<Record<string, Rule>> = {
  MaxUnpool: ({ inputs }) =>
    inputs[2] ? "ONNX Runtime does not place values by its output_shape" : undefined,
  Resize: resizeRule,
  Dropout: dropoutRule,
  Attention: (node, look) => {
    const keys = look(node, 1)?.shape;
    const mask = look(node, 3)?.shape;
    if (!node.inputs[6] || keys?.length !== 4 || mask === undefined || mask.at(-1) === keys[2])
      return undefined;
    return "ONNX Runtime takes no mask that is shorter than its padded keys";
  },
};

const emptyRule: Rule = (node, look) =>
  look(node, 0)?.shape.includes(0) ? "the WebGPU provider takes no empty tensors here" : undefined;

const webgpu: typeof standard = { ReduceMax: emptyRule, ReduceMin: emptyRule };

/**
 * Where ONNX Runtime 1.30 differs from the operators' specification, as the ONNX project's test cases show. The result
 * says for a run's inputs which node would be answered wrongly, and why; there is none for models that have no such node.
 */
export function deviations(
  model: OnnxModel,
  provider: Provider,
): ((inputs: NamedTensors) => string | undefined) | undefined {
  const rules = provider === "webgpu" ? { ...standard, ...webgpu } : standard;
  const suspects = [...nodesOf(model)].filter(
    ({ domain, operator }) => domain === "" && Object.hasOwn(rules, operator),
  );
  if (suspects.length === 0) return undefined;
  const constants = constantsOf(model);
  return (inputs) => {
    const look: Look = (node, at) => {
      const name = node.inputs[at] ?? "";
      if (name === "") return undefined;
      return Object.hasOwn(inputs, name) ? inputs[name] : constants.get(name);
    };
    for (const node of suspects) {
      const reason = rules[node.operator]?.(node, look);
      if (reason !== undefined) return `${describeNode(node)}: ${reason}`;
    }
    return undefined;
  };
}

/** Aligned corners measure the scaled size in fractions, which ONNX Runtime cuts off first. */
function resizeRule(node: OnnxNode, look: Look): string | undefined {
  const isAligned = stringAttribute(node, "coordinate_transformation_mode", "") === "align_corners";
  if (!isAligned || stringAttribute(node, "mode", "nearest") === "nearest") return undefined;
  const scales = look(node, 2);
  if (scales === undefined || elementCount(scales.shape) === 0) return undefined;
  const sizes = look(node, 0)?.shape;
  const isWhole = (scale: number, axis: number) => {
    const size = sizes?.[axis];
    return size === undefined
      ? Number.isInteger(scale) || Number.isInteger(1 / scale)
      : Number.isInteger(size * scale);
  };
  if (Array.from(scales.data as ArrayLike<number>).every(isWhole)) return undefined;
  return "ONNX Runtime aligns the corners of sizes that are no whole numbers otherwise than the specification";
}

/** Random numbers that no two implementations share. */
function dropoutRule(node: OnnxNode, look: Look): string | undefined {
  const training = look(node, 2);
  if (training === undefined || training.data[0] === 0) return undefined;
  const ratio = look(node, 1);
  const share = Number(ratio?.data[0] ?? 0.5);
  if ((ratio?.dtype === "f16" ? fromHalf(share) : share) === 0) return undefined;
  return "it is in training mode, which drops values at random; export the model for inference";
}

function constantsOf(model: OnnxModel): ReadonlyMap<string, Known> {
  const constants = new Map<string, Known>(model.graph.initializers);
  for (const node of nodesOf(model)) {
    const value = node.operator === "Constant" ? tensorAttribute(node, "value") : undefined;
    if (value !== undefined) constants.set(node.outputs[0] ?? "", value);
  }
  return constants;
}
