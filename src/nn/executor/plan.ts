import { nodesOf, type OnnxNode } from "../onnx/index.ts";
import type { PlanModel, Unsupported } from "./executor.ts";

export const planModel: PlanModel = (model) => {
  const lacking = new Map<string, Unsupported>();
  for (const node of nodesOf(model)) {
    const operator = operatorName(node);
    lacking.set(operator, { operator, reason: `the executor lacks ${operator}` });
  }
  return { unsupported: [...lacking.values()], plan: undefined };
};

function operatorName({ domain, operator }: OnnxNode): string {
  return domain === "" ? operator : `${domain}.${operator}`;
}
