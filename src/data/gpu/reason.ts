import type { Adapter } from "../../device/device.ts";
import type { PlanNode } from "../plan/node.ts";
import { kindOf } from "./nodes/index.ts";
import { schemaReason } from "./reasons.ts";

/** Why a device of this adapter cannot run a node itself, whatever its inputs are; undefined where it can. */
export function unsupportedReason(node: PlanNode, adapter: Adapter | undefined): string | undefined {
  if (adapter === undefined) return "there is no device";
  return schemaReason(node.schema) ?? kindOf(node).reason(node, adapter);
}
