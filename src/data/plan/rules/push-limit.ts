import type { PlanNode } from "../node.ts";

/** A limit goes below what gives a row for each row, makes a sort a top-n, and two become one. */
export function pushLimit(node: PlanNode): PlanNode {
  if (node.kind !== "limit") return node;
  const { input, count, offset } = node;
  const needed = count + offset;
  switch (input.kind) {
    case "limit": {
      const left = Math.max(0, Math.min(count, input.count - offset));
      return { ...node, input: input.input, count: left, offset: input.offset + offset };
    }
    case "project":
      return { ...input, input: { ...node, schema: input.input.schema, input: input.input } };
    case "sort": {
      const limit = Math.min(needed, input.limit ?? needed);
      if (!Number.isSafeInteger(limit)) return node;
      const top: PlanNode = input.limit === limit ? input : { ...input, limit };
      if (offset === 0) return top;
      return top === input ? node : { ...node, input: top };
    }
    case "concat":
      return input.inputs.some((one) => !isLimited(one, needed))
        ? { ...node, input: { ...input, inputs: input.inputs.map((one) => limited(one, needed)) } }
        : node;
    default:
      return node;
  }
}

function isLimited(node: PlanNode, count: number): boolean {
  return (
    !Number.isSafeInteger(count) ||
    (node.kind === "limit" && node.count <= count) ||
    (node.kind === "project" && isLimited(node.input, count)) ||
    (node.kind === "concat" && node.inputs.every((one) => isLimited(one, count))) ||
    (node.kind === "sort" && (node.limit ?? Number.POSITIVE_INFINITY) <= count)
  );
}

function limited(node: PlanNode, count: number): PlanNode {
  if (isLimited(node, count)) return node;
  return { kind: "limit", schema: node.schema, input: node, count, offset: 0 };
}
