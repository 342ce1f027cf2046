import { afterAll } from "vitest";

const rows = new Map<string, Map<string, string>>();

/** Notes what an adapter does with a documented behaviour: "yes", or why not. */
export function support(behaviour: string, adapter: string, answer: string): void {
  const row = rows.get(behaviour) ?? new Map<string, string>();
  row.set(adapter, answer);
  rows.set(behaviour, row);
}

/** Prints what was noted, after the last test of the file. */
export function printSupportMatrix(): void {
  afterAll(() => {
    const columns = [...new Set([...rows.values()].flatMap((row) => [...row.keys()]))];
    const names = [...rows.keys()];
    const first = Math.max(9, ...names.map((name) => name.length));
    const widths = columns.map((column) =>
      Math.max(column.length, ...names.map((name) => rows.get(name)?.get(column)?.length ?? 1)),
    );
    const line = (cells: readonly string[]) =>
      cells
        .map((cell, at) => cell.padEnd(at === 0 ? first : (widths[at - 1] ?? 0)))
        .join("  ")
        .trimEnd();
    const table = names.map((name) =>
      line([name, ...columns.map((column) => rows.get(name)?.get(column) ?? "-")]),
    );
    console.log(`Support matrix\n${[line(["behaviour", ...columns]), ...table].join("\n")}`);
  });
}
