import { AikoError } from "../../errors.ts";
import {
  describeNode,
  elementType,
  floatAttribute,
  intAttribute,
  intsAttribute,
  type OnnxNode,
  stringAttribute,
} from "../onnx/index.ts";
import type { PlanBuilder, Value } from "./builder.ts";
import { type DType, type HostTensor, isDType, numbersOf } from "./types.ts";

/** What an operator is planned from: its node, its inputs, and the plan that it adds to. */
export interface NodeContext {
  readonly node: OnnxNode;
  readonly builder: PlanBuilder;
  /** Of the node's domain. */
  readonly opset: number;
  /** Asks for an input's elements while planning; `undefined` where only the device will know. */
  readonly hostOf: (value: Value) => HostTensor | undefined;
}

export type Lower = (
  context: NodeContext,
  inputs: readonly (Value | undefined)[],
) => Value | readonly Value[];

/** Throws UNSUPPORTED: another engine may run the model. */
export function refuse(node: OnnxNode, reason: string): never {
  throw new AikoError("UNSUPPORTED", {
    message: `${describeNode(node)}: ${reason}`,
    hint: "ONNX Runtime may run it: install onnxruntime-node, and leave the provider to placement.",
  });
}

/** Throws INVALID_ARGUMENT: no engine can run this. */
export function invalid(node: OnnxNode, reason: string): never {
  throw new AikoError("INVALID_ARGUMENT", { message: `${describeNode(node)}: ${reason}` });
}

export function required({ node }: NodeContext, inputs: readonly (Value | undefined)[], at: number): Value {
  return inputs[at] ?? invalid(node, `its input ${at} is missing`);
}

export const int = <D>({ node }: NodeContext, name: string, missing: D) => intAttribute(node, name, missing);
export const ints = <D>({ node }: NodeContext, name: string, missing: D) =>
  intsAttribute(node, name, missing);
export const float = <D>({ node }: NodeContext, name: string, missing: D) =>
  floatAttribute(node, name, missing);
export const text = <D>({ node }: NodeContext, name: string, missing: D) =>
  stringAttribute(node, name, missing);

/** The elements of an input that shapes depend on. Refuses where they are computed from data on the device. */
export function elementsOf(context: NodeContext, value: Value, what: string): HostTensor {
  return context.hostOf(value) ?? refuse(context.node, `its ${what} are computed on the device`);
}

export function integersOf(context: NodeContext, value: Value, what: string): number[] {
  return numbersOf(elementsOf(context, value, what));
}

/** Integers that newer operator sets take as an input and older ones as an attribute. */
export function integersAt(
  context: NodeContext,
  inputs: readonly (Value | undefined)[],
  at: number,
  name: string,
): number[] | undefined {
  const value = inputs[at];
  return value === undefined ? ints(context, name, undefined) : integersOf(context, value, name);
}

/** Counts from the end where negative. */
export function axisOf({ node }: NodeContext, axis: number, rank: number): number {
  const counted = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(counted) && counted >= 0 && counted < Math.max(rank, 1)) return counted;
  return invalid(node, `axis ${axis} is outside a tensor of ${rank} dimensions`);
}

export function axesOf(context: NodeContext, axes: readonly number[], rank: number): number[] {
  const found = axes.map((axis) => axisOf(context, axis, rank)).sort((a, b) => a - b);
  if (new Set(found).size === found.length) return found;
  return invalid(context.node, `axes ${axes.join(", ")} name one twice`);
}

/** An attribute that names an element type. */
export function dtypeAttribute(context: NodeContext, name: string): DType {
  const number = int(context, name, 1);
  const dtype = elementType(number);
  return isDType(dtype) ? dtype : refuse(context.node, `element type ${dtype === "string" ? dtype : number}`);
}

/** Refuses element types that an operator is not planned for. */
export function allow({ node }: NodeContext, value: Value, types: readonly DType[]): void {
  if (!types.includes(value.dtype)) refuse(node, `element type ${value.dtype}`);
}

export const floats: readonly DType[] = ["f32", "f64", "f16", "bf16"];
