import type { HostColumn } from "../../../core/column.ts";
import { isTurnLong, nextTurn } from "../../../core/turn.ts";
import type { Value } from "../cast-value.ts";
import type { ResolvedExpression } from "../expression.ts";
import { columnOf, readerOf } from "./columns.ts";
import { compileOnHost } from "./compile.ts";

const slice = 256;

/**
 * The second implementation of every function, in JavaScript, row by row: for few rows, and to test the others against. Lets other
 * work in between. Rejects with OVERFLOW and INVALID_VALUE, naming the value.
 */
export async function evaluateOnHost(
  expressions: readonly ResolvedExpression[],
  columns: readonly HostColumn[],
  rows: number,
): Promise<readonly HostColumn[]> {
  const readers = columns.map(readerOf);
  const made: HostColumn[] = [];
  for (const expression of expressions) {
    const read = compileOnHost(expression, readers);
    const values: (Value | null)[] = [];
    while (values.length < rows) {
      while (isTurnLong()) await nextTurn();
      for (let end = Math.min(rows, values.length + slice); values.length < end; )
        values.push(read(values.length));
    }
    made.push(columnOf(values, expression.type));
  }
  return made;
}
