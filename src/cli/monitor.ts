import { once } from "node:events";
import { type Gpu, open } from "../index.ts";
import type { MonitorSnapshot } from "../monitor/index.ts";
import { type Command, type Invocation, UsageError } from "./command.ts";
import { History } from "./monitor-device.ts";
import { monitorLines, monitorView } from "./monitor-view.ts";
import { openScreen } from "./screen.ts";
import type { Terminal } from "./terminal.ts";

const defaultMs = 1000;
const shortestMs = 200;
const narrowest = 40;
const widest = 120;

export const monitor: Command = {
  usage: `Usage: aikoryu monitor [--interval MS] [--once] [--json | --prometheus]

Shows what the devices and the machine do now: use, memory, temperature, power,
clocks and programs, and why something cannot be seen. On a terminal the view
is redrawn in place and q ends it; elsewhere every snapshot adds its lines.

  --interval MS  from one snapshot to the next (default 1000, at least 200)
  --once         one snapshot
  --json         a JSON value a line; with --once one value
  --prometheus   one snapshot as text for Prometheus
`,
  options: {
    interval: { type: "string" },
    once: { type: "boolean" },
    prometheus: { type: "boolean" },
  },
  async run(invocation) {
    const { flag, terminal, positionals } = invocation;
    if (positionals.length > 0) throw usage(`monitor takes no argument "${positionals[0]}"`);
    if (flag("prometheus") && flag("json")) throw usage("--prometheus and --json exclude each other");
    const intervalMs = intervalOf(invocation);
    await using gpu = await open();
    await gpu.adapters();
    if (flag("prometheus")) process.stdout.write(await gpu.monitor.prometheus());
    else if (flag("once")) await showOnce(gpu, terminal);
    else await follow(gpu, invocation, intervalMs);
    return 0;
  },
};

async function showOnce(gpu: Gpu, terminal: Terminal): Promise<void> {
  const snapshot = await gpu.monitor.snapshot();
  terminal.json(snapshot);
  const title = (text: string) => terminal.style("bold", text);
  const lines = monitorView(snapshot, new History(), { width: terminal.columns, title });
  for (const line of lines) terminal.print(line);
}

async function follow(gpu: Gpu, { flag, terminal, signal }: Invocation, intervalMs: number): Promise<void> {
  const quit = new AbortController();
  const end = AbortSignal.any([signal, quit.signal]);
  const snapshots = gpu.monitor.watch({ intervalMs, signal: end, keepAlive: true });
  if (flag("json")) await followLines(snapshots, (one) => [JSON.stringify(one)]);
  else if (process.stdout.isTTY) await followOnScreen(snapshots, terminal, intervalMs, quit);
  else await followLines(snapshots, (one) => monitorLines(one, terminal.columns));
  // Ctrl-C is how a watch ends, no failure.
  if (process.exitCode === interrupted) process.exitCode = 0;
}

const interrupted = 130;

type Snapshots = AsyncIterable<MonitorSnapshot>;

async function followLines(
  snapshots: Snapshots,
  format: (one: MonitorSnapshot) => readonly string[],
): Promise<void> {
  for await (const snapshot of snapshots) {
    const text = format(snapshot)
      .map((line) => `${line}\n`)
      .join("");
    if (!process.stdout.write(text)) await once(process.stdout, "drain");
  }
}

async function followOnScreen(
  snapshots: Snapshots,
  terminal: Terminal,
  intervalMs: number,
  quit: AbortController,
): Promise<void> {
  const history = new History();
  let latest: MonitorSnapshot | undefined;
  const draw = () => {
    const width = Math.max(narrowest, Math.min(widest, screen.columns));
    const head = `aikoryu monitor, every ${intervalMs / 1000} s; q quits`;
    const title = (text: string) => terminal.style("bold", text);
    const view = latest === undefined ? ["looking"] : monitorView(latest, history, { width, title });
    screen.draw([terminal.style("dim", head), "", ...view]);
  };
  const screen = openScreen({ onQuit: () => quit.abort(), onResize: draw });
  try {
    draw();
    for await (const snapshot of snapshots) {
      history.add(snapshot);
      latest = snapshot;
      draw();
    }
  } finally {
    screen.leave();
  }
}

function intervalOf(invocation: Invocation): number {
  const given = invocation.text("interval");
  if (given === undefined) return defaultMs;
  const ms = Number(given);
  if (/^\d+$/.test(given) && ms >= shortestMs && ms < 2 ** 31) return ms;
  throw usage(`--interval ${given} is not a number of milliseconds from ${shortestMs} on`);
}

function usage(message: string): UsageError {
  return new UsageError(message, "See: aikoryu monitor --help");
}
