import { concatRows } from "../../../kernels/index.ts";
import { unified } from "../dictionaries.ts";
import type { LoadedColumn } from "../held-column.ts";
import { madeRelation } from "../made-relation.ts";
import { columnsAt, type NodeKind, type NodeOf } from "../query.ts";
import type { Relation } from "../relation.ts";
import { columnBytes } from "../sizes.ts";

export const concat: NodeKind<NodeOf<"concat">> = {
  reason: () => undefined,
  execute: async ({ inputs, schema }, wanted, query) => {
    const parts: Relation[] = [];
    try {
      for (const input of inputs) parts.push(await query.input(input, columnsAt(input, wanted)));
      const rows = parts.reduce((sum, part) => sum + part.rows, 0);
      const columns = parts.flatMap((part) => part.columns);
      const bytes = wanted.flatMap((at) => columnBytes(schema[at]?.type ?? { kind: "bool" }, rows));
      return await madeRelation(query, { label: "concat", columns, bytes }, async (step) => {
        const made: LoadedColumn[] = [];
        for (const [at] of wanted.entries()) {
          const loaded = await step.loadAll(parts.map((part) => part.column(at)));
          const counts = parts.map((part) => part.rows);
          const alike = await unified(step, loaded, counts);
          const work = {
            columns: alike.map(({ memory }, part) => ({ column: memory, count: counts[part] ?? 0 })),
          };
          const memory = await concatRows(step.device, work, step.options);
          made.push({
            type: schema[wanted[at] ?? 0]?.type ?? { kind: "bool" },
            memory,
            dictionary: alike[0]?.dictionary,
          });
        }
        return { rows, columns: made };
      });
    } finally {
      for (const part of parts) part.dispose();
    }
  },
};
