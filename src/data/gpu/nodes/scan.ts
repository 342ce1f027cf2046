import { AikoError } from "../../../errors.ts";
import { KeptColumn } from "../kept-column.ts";
import type { NodeKind, NodeOf } from "../query.ts";
import { schemaReason } from "../reasons.ts";
import { Relation } from "../relation.ts";

/** Of columns in memory; a predicate over them is a filter by the time a query comes here. */
export const scan: NodeKind<NodeOf<"scan">> = {
  reason: ({ schema }) => schemaReason(schema),
  execute: async (node, wanted, query) => {
    const { source, columns } = node;
    if (source.kind === "memory") {
      const all = source.columns;
      return new Relation(
        all.rows,
        wanted.map((at) => new KeptColumn(all.select([columns[at] ?? at]))),
      );
    }
    if (query.read === undefined) {
      throw new AikoError("UNSUPPORTED", { message: `Files (${source.format}) are read by the CPU engine` });
    }
    using read = await query.read(node);
    return new Relation(
      read.rows,
      wanted.map((at) => new KeptColumn(read.select([at]))),
    );
  },
};
