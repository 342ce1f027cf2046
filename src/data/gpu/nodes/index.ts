import type { PlanNode } from "../../plan/node.ts";
import type { NodeKind } from "../query.ts";
import { aggregate } from "./aggregate.ts";
import { concat } from "./concat.ts";
import { distinct } from "./distinct.ts";
import { explode, unpivot } from "./elsewhere.ts";
import { filter } from "./filter.ts";
import { join } from "./join.ts";
import { limit } from "./limit.ts";
import { project } from "./project.ts";
import { scan } from "./scan.ts";
import { sort } from "./sort.ts";
import { window } from "./window.ts";

const kinds = {
  scan,
  filter,
  project,
  aggregate,
  join,
  sort,
  limit,
  distinct,
  concat,
  window,
  explode,
  unpivot,
};

/** How a device does a node. */
export function kindOf(node: PlanNode): NodeKind<PlanNode> {
  return kinds[node.kind] as NodeKind<PlanNode>;
}
