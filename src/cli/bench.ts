import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { suggest } from "../core/suggest.ts";
import { AikoError } from "../errors.ts";
import { type Command, UsageError } from "./command.ts";
import { formatLimits, formatMachine, type Machine, machine } from "./machine.ts";
import { type DeviceLimits, measureDevice } from "./measure.ts";
import { formatMs, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export interface BenchRow {
  readonly family: string;
  readonly operation: string;
  readonly case: string;
  readonly ours: {
    readonly ms: number;
    readonly placement: string;
    readonly device: string;
    readonly reason: string;
  };
  readonly gpuMs: number | null;
  readonly cpuMs: number | null;
  readonly peers: readonly { readonly name: string; readonly version: string; readonly ms: number }[];
  /** The best peer's time over ours: above 1 we are faster. */
  readonly ratio: number | null;
  readonly limit: {
    readonly kind: "bandwidth" | "flops" | "rate";
    readonly unit: string;
    readonly measured: number;
    readonly share: number;
  } | null;
}

interface BenchDevice extends Partial<DeviceLimits> {
  readonly id: string;
  readonly name: string;
}

export interface BenchReport {
  readonly machine: Machine;
  readonly devices: readonly BenchDevice[];
  readonly rows: readonly BenchRow[];
}

/** What the private workspace `bench/` exports. */
interface BenchModule {
  readonly families: readonly string[];
  run(options: {
    readonly families: readonly string[];
    readonly progress: (text: string) => void;
    readonly measureDevice: typeof measureDevice;
  }): Promise<Omit<BenchReport, "machine">>;
}

export const bench: Command = {
  usage: `Usage: aikoryu bench [FAMILY...] [--json]

Times our operations against named peers in one run, and shows the share they
reach of what this machine can do, measured in the same run. Without a family,
all of them. Needs the private workspace bench/, so it runs in a clone of the
repository, not from the installed package.

  --json    the whole report, for machines
`,
  options: {},
  async run({ positionals, terminal }) {
    const module = await load();
    for (const family of positionals) {
      if (module.families.includes(family)) continue;
      const near = suggest(family, module.families);
      throw new UsageError(
        `There is no bench "${family}"`,
        `${near === undefined ? "" : `Did you mean ${near}? `}Benches: ${module.families.join(", ")}`,
      );
    }
    const families = positionals.length === 0 ? module.families : positionals;
    const measured = await module.run({ families, progress: terminal.progress, measureDevice });
    const report = { machine: machine(), ...measured };
    terminal.json(report);
    show(report, terminal);
    return 0;
  },
};

async function load(): Promise<BenchModule> {
  const entry = new URL("../../bench/index.mjs", import.meta.url);
  const hint = "In a clone of the repository, run npm start once; it installs the peers.";
  try {
    await access(fileURLToPath(entry));
  } catch (cause) {
    throw new AikoError("ENGINE_MISSING", { message: "The bench workspace is not here", hint, cause });
  }
  try {
    return (await import(entry.href)) as BenchModule;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    if (!missing) throw cause;
    throw new AikoError("ENGINE_MISSING", {
      message: (cause as Error).message.split("\n")[0] ?? "",
      hint,
      cause,
    });
  }
}

function show(report: BenchReport, terminal: Terminal): void {
  const { devices, rows } = report;
  terminal.print(formatMachine(report.machine));
  for (const { id, name, copyBytesPerSecond, flopsPerSecond } of devices) {
    terminal.say(`${id}: ${name}`);
    if (copyBytesPerSecond === undefined || flopsPerSecond === undefined) continue;
    terminal.print(`${" ".repeat(id.length + 2)}${formatLimits({ copyBytesPerSecond, flopsPerSecond })}`);
  }
  terminal.print();
  const lines = table(
    [
      { title: "operation" },
      { title: "case", wrap: true },
      { title: "ms", align: "right" },
      { title: "on" },
      { title: "ratio", align: "right" },
      { title: "best peer" },
      { title: "share", align: "right" },
    ],
    rows.map((row) => [
      row.operation,
      row.case,
      formatMs(row.ours.ms),
      row.ours.placement,
      row.ratio === null ? "" : row.ratio.toFixed(2),
      bestPeer(row),
      row.limit === null ? "" : `${Math.round(row.limit.share * 100)} %`,
    ]),
    terminal.columns,
  );
  terminal.print(terminal.style("bold", lines[0] ?? ""));
  for (const line of lines.slice(1)) terminal.print(line);
  terminal.print();
  terminal.say("ratio: the best peer's time over ours. share: of the limit measured in this run.");
}

function bestPeer(row: BenchRow): string {
  const best = [...row.peers].sort((a, b) => a.ms - b.ms)[0];
  return best === undefined ? "" : `${best.name} ${formatMs(best.ms)}`;
}
