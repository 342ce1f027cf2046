import { AikoError } from "../../errors.ts";
import {
  type AttributeKind,
  type AttributeKinds,
  describeNode,
  type OnnxNode,
  type OnnxTensor,
} from "./model.ts";

/** A node's attribute of one kind; `undefined` where it is left out. Throws INVALID_FILE where it is of another kind. */
function find<K extends AttributeKind>(node: OnnxNode, name: string, kind: K): AttributeKinds[K] | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return undefined;
  if (attribute.kind === kind) return attribute.value as AttributeKinds[K];
  throw new AikoError("INVALID_FILE", {
    message: `${describeNode(node)}: its attribute "${name}" is ${attribute.kind}, not ${kind}`,
  });
}

/** Beyond 2^53 it is rounded, which is what "to the end" (2^63 - 1) allows. */
export function intAttribute<D>(node: OnnxNode, name: string, missing: D): number | D {
  const value = find(node, name, "int");
  return value === undefined ? missing : Number(value);
}

export function intsAttribute<D>(node: OnnxNode, name: string, missing: D): number[] | D {
  const value = find(node, name, "ints");
  return value === undefined ? missing : Array.from(value, Number);
}

export function floatAttribute<D>(node: OnnxNode, name: string, missing: D): number | D {
  return find(node, name, "float") ?? missing;
}

export function stringAttribute<D>(node: OnnxNode, name: string, missing: D): string | D {
  return find(node, name, "string") ?? missing;
}

export function tensorAttribute(node: OnnxNode, name: string): OnnxTensor | undefined {
  return find(node, name, "tensor");
}
