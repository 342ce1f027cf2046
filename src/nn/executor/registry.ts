import type { OnnxNode } from "../onnx/index.ts";
import type { Lower } from "./context.ts";
import { convolutions } from "./operators/convolution.ts";
import { elementwise } from "./operators/elementwise.ts";
import { indexing } from "./operators/indexing.ts";
import { normalizations } from "./operators/normalization.ts";
import { padding } from "./operators/padding.ts";
import { pooling } from "./operators/pooling.ts";
import { products } from "./operators/product.ts";
import { reductionOperators } from "./operators/reduction.ts";
import { scattering } from "./operators/scattering.ts";
import { shapes } from "./operators/shape.ts";

/** By "operator" for the ONNX standard and by "domain.operator" for others. */
const operators: Readonly<Record<string, Lower>> = {
  ...elementwise,
  ...shapes,
  ...products,
  ...convolutions,
  ...pooling,
  ...normalizations,
  ...reductionOperators,
  ...indexing,
  ...scattering,
  ...padding,
};

export function operatorName({ domain, operator }: OnnxNode): string {
  return domain === "" ? operator : `${domain}.${operator}`;
}

export function operatorOf(node: OnnxNode): Lower | undefined {
  const name = operatorName(node);
  return Object.hasOwn(operators, name) ? operators[name] : undefined;
}

/** What only ever computes one element from those at its place. */
export function isElementwise(node: OnnxNode): boolean {
  return node.domain === "" && Object.hasOwn(elementwise, node.operator);
}
