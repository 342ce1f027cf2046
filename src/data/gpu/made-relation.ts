import type { LoadedColumn } from "./held-column.ts";
import type { KeptColumn } from "./kept-column.ts";
import { Relation } from "./relation.ts";
import { runStep, type Step, type StepContext, type StepNeeds } from "./step.ts";

/** A step that makes columns: all memory of theirs is allocated in it. */
export async function madeRelation(
  context: StepContext,
  needs: StepNeeds,
  work: (step: Step) => Promise<{ readonly rows: number; readonly columns: readonly LoadedColumn[] }>,
): Promise<Relation> {
  const kept: KeptColumn[] = [];
  const rows = await runStep(context, needs, async (step) => {
    const made = await work(step);
    for (const column of made.columns) step.keep(column, made.rows, (each) => kept.push(each));
    return made.rows;
  });
  return new Relation(rows, kept);
}
