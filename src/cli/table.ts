export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Takes the width that the other columns leave, over several lines where it has to. */
  readonly wrap?: boolean;
}

const gap = 2;
const narrowest = 12;

/** Lines of a plain table no wider than `width`, the first one its head. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const natural = columns.map((column, at) =>
    Math.max(column.title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const fixed = natural.reduce((sum, own, at) => sum + gap + (columns[at]?.wrap ? 0 : own), -gap);
  const widths = shares(
    natural.map((own, at) => (columns[at]?.wrap ? own : 0)),
    width - fixed,
  ).map((share, at) => (columns[at]?.wrap ? share : (natural[at] ?? 0)));
  const lines = [columns.map((column) => column.title), ...rows].flatMap((row) => {
    const cells = columns.map((column, at) =>
      column.wrap ? wrap(row[at] ?? "", widths[at] ?? 0) : [row[at] ?? ""],
    );
    const height = Math.max(...cells.map((cell) => cell.length));
    return Array.from({ length: height }, (_, line) =>
      columns
        .map((column, at) => pad(cells[at]?.[line] ?? "", widths[at] ?? 0, column.align ?? "left"))
        .join(" ".repeat(gap))
        .trimEnd(),
    );
  });
  return lines;
}

/** Divides `room` so that who wants less than an equal share gets it, and the others share the rest. */
function shares(wanted: readonly number[], room: number): number[] {
  const given = wanted.map(() => 0);
  const order = wanted.map((_, at) => at).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  let left = room;
  order.forEach((at, served) => {
    const fair = Math.max(narrowest, Math.floor(left / (order.length - served)));
    given[at] = Math.min(wanted[at] ?? 0, fair);
    left -= given[at] ?? 0;
  });
  return given;
}

/** Breaks text at spaces into lines of at most `width` characters; a longer word is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((word) => cut(word, width))) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function cut(word: string, width: number): string[] {
  const parts: string[] = [];
  const step = Math.max(1, width);
  for (let at = 0; at < word.length || at === 0; at += step) parts.push(word.slice(at, at + step));
  return parts;
}

function pad(text: string, width: number, align: "left" | "right"): string {
  return align === "right" ? text.padStart(width) : text.padEnd(width);
}

/** Milliseconds for people: two or three significant digits, `-` where there is no number. */
export function formatMs(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return "-";
  if (ms < 0.1) return ms.toPrecision(2);
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2);
}
