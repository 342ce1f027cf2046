import type { HostTable } from "../../core/column.ts";
import { typeText } from "../../core/column-type.ts";
import { displayWidth, harmless, padText } from "../../core/display-text.ts";
import { displayValue } from "./display.ts";

export interface BoxOptions {
  /** How many rows to show. Default 10. */
  readonly rows?: number | undefined;
  /** Columns of the terminal to fit into. Default: its width, or 80. */
  readonly width?: number | undefined;
}

interface Shown {
  readonly cells: readonly string[];
  readonly align: "left" | "right";
  readonly natural: number;
}

const narrowest = 6;
const widest = 40;
const leftKinds: readonly string[] = ["utf8", "list", "bool"];

/** The first rows in a box, types under names. What does not fit is counted below. */
export function boxText(
  table: HostTable,
  { rows = 10, width = process.stdout.columns || 80 }: BoxOptions,
): string {
  const count = Math.min(rows, table.rows);
  const shown: Shown[] = [];
  const widths: number[] = [];
  let room = width - 1;
  for (const [at, column] of table.columns.entries()) {
    const cells = [harmless(table.names[at] ?? ""), harmless(typeText(column.type))];
    for (let row = 0; row < count; row++) cells.push(displayValue(column, row));
    const natural = Math.max(1, ...cells.map(displayWidth));
    const least = Math.min(natural, narrowest);
    if (room < least + 3 && at > 0) break;
    shown.push({ cells, align: leftKinds.includes(column.type.kind) ? "left" : "right", natural });
    widths.push(least);
    room -= least + 3;
  }
  share(shown, widths, room);
  const line = (left: string, middle: string, right: string) =>
    `${left}${widths.map((size) => "─".repeat(size + 2)).join(middle)}${right}`;
  const row = (at: number) =>
    `│${shown.map(({ cells, align }, of) => ` ${padText(cells[at] ?? "", widths[of] ?? 1, at < 2 ? "left" : align)} `).join("│")}│`;
  const lines =
    shown.length === 0
      ? []
      : [
          line("┌", "┬", "┐"),
          row(0),
          row(1),
          line("├", "┼", "┤"),
          ...Array.from({ length: count }, (_, at) => row(at + 2)),
          line("└", "┴", "┘"),
        ];
  return [...lines, summary(table, count, shown.length)].join("\n");
}

/** Gives what is left of the width to columns that want more, a little to each in turn. */
function share(shown: readonly Shown[], widths: number[], room: number): void {
  let left = room;
  for (let given = true; given && left > 0; ) {
    given = false;
    for (const [at, { natural }] of shown.entries()) {
      if (left > 0 && (widths[at] ?? 0) < Math.min(natural, widest)) {
        widths[at] = (widths[at] ?? 0) + 1;
        left--;
        given = true;
      }
    }
  }
}

function summary({ rows, columns }: HostTable, shownRows: number, shownColumns: number): string {
  const of = (shown: number, all: number, what: string) =>
    `${shown < all ? `${shown} of ` : ""}${all.toLocaleString("en-US")} ${what}${all === 1 ? "" : "s"}`;
  return `${of(shownRows, rows, "row")}, ${of(shownColumns, columns.length, "column")}`;
}
