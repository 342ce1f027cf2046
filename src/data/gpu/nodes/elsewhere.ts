import { AikoError } from "../../../errors.ts";
import type { NodeKind, NodeOf } from "../query.ts";

/** What no device does. */
function elsewhere<Kind extends "explode" | "unpivot">(reason: string): NodeKind<NodeOf<Kind>> {
  return {
    reason: () => reason,
    execute: async () => {
      throw new AikoError("UNSUPPORTED", { message: reason, hint: "The CPU engine does it." });
    },
  };
}

export const explode: NodeKind<NodeOf<"explode">> = elsewhere("lists stay on the host");
export const unpivot: NodeKind<NodeOf<"unpivot">> = elsewhere("unpivots run on the CPU");
