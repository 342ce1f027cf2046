import { count } from "../data/index.ts";
import { AikoError, isAikoError } from "../errors.ts";
import type { Gpu } from "../index.ts";
import { scanFiles } from "./directory-scan.ts";
import type { Terminal } from "./terminal.ts";
import type { TourRow } from "./tour-matrix.ts";

const root = process.platform === "win32" ? "C:\\Windows" : "/usr";
const mostFiles = 250_000;
const repeats = 5;
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
    const start = performance.now();
    const table = await query.collect({ placement, strict: placement === "gpu", report: true });
    const found = table.toRows();
    return { ms: performance.now() - start, found, table };
  };
  const median = async (placement: "cpu" | "gpu") => {
    const first = await run(placement);
    const times: number[] = [];
    for (let at = 0; at < repeats; at++) times.push((await run(placement)).ms);
    return { text: textOf(first.found), ms: times.sort((a, b) => a - b)[repeats >> 1] ?? first.ms };
  };
  terminal.progress("asking the CPU");
  const cpu = await median("cpu");
  terminal.progress("asking the GPU");
  const device = await median("gpu").catch((error: unknown) => {
    if (!isAikoError(error)) throw error;
    return { failure: error.message };
  });
  const auto = await run("auto");
  const { report } = auto.table;
  const gpuMs = "ms" in device ? device.ms : undefined;
  const agree = !("text" in device) || device.text === cpu.text;
  terminal.print();
  const box = auto.table.toString({ rows: shown, width: terminal.columns - 2 });
  for (const line of box.split("\n")) {
    terminal.print(`  ${line}`);
  }
  if ("failure" in device) terminal.say(`The GPU path could not be used: ${device.failure}`, "  ");
  else
    terminal.say(agree ? "Both paths agree." : "The paths disagree. This is a bug; please report it.", "  ");
  terminal.print();
  return {
    operation: "data.query",
    size: `${rows} files, ${auto.found.length} kinds`,
    cpuMs: cpu.ms,
    gpuMs,
    chosen: report?.placement ?? "auto",
    predicted: report?.predicted,
    ratio: gpuMs === undefined ? undefined : cpu.ms / gpuMs,
    reason: report?.reason ?? "",
    agree,
  };
}

function textOf(rows: readonly unknown[]): string {
  return JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? String(value) : value));
}
