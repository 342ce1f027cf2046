import { formatBytes } from "../core/bytes.ts";
import { isAikoError } from "../errors.ts";
import type { ExecutablePlan, PlanDescription } from "../nn/executor/executor.ts";
import type { ModelValue } from "../nn/index.ts";
import { zeros } from "../nn/model.ts";

/** What our executor would do on zeros, sizes that are open being 1; a reason where zeros do not suit the model. */
export function describePlan(
  plan: ExecutablePlan | undefined,
  inputs: readonly ModelValue[],
): PlanDescription | string | undefined {
  if (plan === undefined) return undefined;
  try {
    return plan.describe(zeros(inputs, {}));
  } catch (error) {
    if (isAikoError(error)) return error.message;
    throw error;
  }
}

/** The same for people, a line a step. */
export function planLines(description: PlanDescription | string | undefined): string[] {
  if (description === undefined) return [];
  if (typeof description === "string") return [`its plan depends on the inputs: ${description}`];
  const { steps, once, peakBytes, totalBytes } = description;
  const share = totalBytes === 0 ? "" : `, ${Math.round((peakBytes / totalBytes) * 100)} % of all tensors`;
  return [
    `a run with open sizes of 1 takes ${steps.length} steps and ${formatBytes(peakBytes)}${share}; ${once.length} more are taken once:`,
    ...steps.map(({ kernel }, at) => `  ${at + 1}. ${kernel}`),
  ];
}
