import type { HostTable } from "../../../core/column.ts";
import { Columns } from "../../columns.ts";
import type { StepContext } from "../step.ts";

/** Batches as columns, each on its way to the device while the one before is worked on. The consumer disposes them. */
export async function* arriving(
  batches: AsyncIterable<HostTable>,
  context: StepContext,
): AsyncGenerator<Columns, void, undefined> {
  const iterator = batches[Symbol.asyncIterator]();
  const pull = async (): Promise<Columns | undefined> => {
    const { done, value } = await iterator.next();
    if (done === true) return undefined;
    const columns = Columns.onHost(value);
    await uploaded(columns, context);
    return columns;
  };
  let next: Promise<Columns | undefined> | undefined = pull();
  try {
    for (;;) {
      const columns: Columns | undefined = await next;
      next = undefined;
      if (columns === undefined) return;
      next = pull();
      next.catch(() => undefined);
      yield columns;
    }
  } finally {
    const left = await next?.catch(() => undefined);
    left?.dispose();
    await iterator.return?.();
  }
}

/** Brings columns to the device while there is room; whoever needs them brings them otherwise. */
async function uploaded(columns: Columns, { memory, timer, signal }: StepContext): Promise<void> {
  try {
    const { needs, load } = await columns.deviceColumns(memory);
    await memory.use(
      { label: "A batch", residents: needs },
      async (reservation) => {
        await load(reservation, { timer, signal });
      },
      { signal },
    );
  } catch (error) {
    columns.dispose();
    throw error;
  }
}
