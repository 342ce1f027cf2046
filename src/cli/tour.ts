import { type Gpu, open } from "../index.ts";
import type { Command } from "./command.ts";
import { formatMs, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { tourAgents } from "./tour-agents.ts";
import { tourData } from "./tour-data.ts";
import { tourLlm } from "./tour-llm.ts";
import { type TourRow, tourMatrix } from "./tour-matrix.ts";
import { tourNetwork } from "./tour-network.ts";

/** A family's part of the tour: it prints what it found and returns its line of the table. */
export type TourStop = (gpu: Gpu, terminal: Terminal) => Promise<TourRow>;

const stops: readonly TourStop[] = [tourMatrix, tourNetwork, tourData, tourLlm, tourAgents];

export const tour: Command = {
  usage: `Usage: aikoryu tour [--json]

Runs every operation family on real data found on this machine, on the GPU path
and on the CPU path, compares the results, and shows which one would have been
chosen and why.

  --json    the table, for machines
`,
  options: {},
  async run({ terminal }) {
    await using gpu = await open();
    const adapters = await gpu.adapters();
    const best = adapters[0];
    terminal.say(
      best === undefined
        ? "No device was found; everything runs on the processor. aikoryu doctor says why."
        : `On ${best.id}${best.kind === "cpu" ? ", in software on the processor" : ""}: ${best.name}`,
    );
    terminal.print();
    const rows: TourRow[] = [];
    for (const stop of stops) rows.push(await stop(gpu, terminal));
    terminal.json({ device: best?.id ?? null, rows });
    show(rows, terminal);
    return rows.every((row) => row.agree) ? 0 : 1;
  },
};

function show(rows: readonly TourRow[], terminal: Terminal): void {
  const lines = table(
    [
      { title: "operation" },
      { title: "size", wrap: true },
      { title: "CPU ms", align: "right" },
      { title: "GPU ms", align: "right" },
      { title: "chosen" },
      { title: "ratio", align: "right" },
      { title: "reason", wrap: true },
    ],
    rows.map((row) => [
      row.operation,
      row.size,
      formatMs(row.cpuMs),
      formatMs(row.gpuMs),
      row.chosen,
      row.ratio === undefined ? "-" : row.ratio.toFixed(2),
      row.reason,
    ]),
    terminal.columns,
  );
  terminal.print(terminal.style("bold", lines[0] ?? ""));
  for (const line of lines.slice(1)) terminal.print(line);
  terminal.print();
  terminal.say("Times are from host memory to host memory. ratio: CPU over GPU.");
}
