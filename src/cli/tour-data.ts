import { count } from "../data/index.ts";
import { AikoError } from "../errors.ts";
import type { Gpu } from "../index.ts";
import { scanFiles } from "./directory-scan.ts";
import type { Terminal } from "./terminal.ts";
import type { TourRow } from "./tour-matrix.ts";
import { bothPaths, pathsRow, sayWhetherPathsAgree } from "./tour-paths.ts";

const root = process.platform === "win32" ? "C:\\Windows" : "/usr";
const mostFiles = 250_000;
const shown = 5;

/** The files of the system, by kind: how many, how large, how old. */
export async function tourData(gpu: Gpu, terminal: Terminal): Promise<TourRow> {
  const scanned = await scanFiles(root, mostFiles, (files) =>
    terminal.progress(`looking at ${root}: ${files} files`),
  );
  const rows = scanned.bytes.length;
  if (rows === 0) {
    throw new AikoError("FILE_NOT_FOUND", {
      message: `No files were found below ${root}`,
      hint: "Run the tour as somebody who may read it.",
    });
  }
  using files = await gpu.data.from(
    { ...scanned },
    {
      schema: {
        folder: "utf8",
        extension: "utf8",
        bytes: "int64",
        modified: { kind: "timestamp", unit: "ms" },
        owner: "int32",
        isExecutable: "bool",
      },
    },
  );
  terminal.print(
    `${terminal.style("bold", "data")}    ${rows} files below ${root}: those over 1 KiB, by the`,
  );
  terminal.print("        ending of their names: how many, how large in all, when last changed");
  const query = files
    .filter((row) => row.bytes.greater(1024))
    .groupBy("extension")
    .aggregate({
      files: count(),
      bytes: (row) => row.bytes.sum(),
      largest: (row) => row.bytes.max(),
      newest: (row) => row.modified.max(),
    })
    .orderBy("-bytes", "extension");
  const run = async (placement: "auto" | "cpu" | "gpu") => {
    const table = await query.collect({ placement, strict: placement === "gpu", report: true });
    return { table, found: table.toRows() };
  };
  const paths = await bothPaths(
    terminal,
    "asking",
    run,
    (one, other) => textOf(one.found) === textOf(other.found),
  );
  const { table, found } = paths.auto;
  terminal.print();
  const box = table.toString({ rows: shown, width: terminal.columns - 2 });
  for (const line of box.split("\n")) {
    terminal.print(`  ${line}`);
  }
  sayWhetherPathsAgree(terminal, paths);
  const size = `${rows} files, ${found.length} kinds`;
  return pathsRow("data.query", size, paths, table.report);
}

function textOf(rows: readonly unknown[]): string {
  return JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? String(value) : value));
}
