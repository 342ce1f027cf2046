import { formatBytes } from "../core/bytes.ts";
import type { CalibrationData, PlaceData } from "../runtime/index.ts";
import { formatMs, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** What placement goes by: measured transfers, and how far each operation is from its assumed rates. */
export function showCalibration(data: CalibrationData, path: string | undefined, terminal: Terminal): void {
  terminal.print();
  terminal.print(terminal.style("bold", "calibration"));
  terminal.say(path === undefined ? "kept in memory only" : `kept in ${path}`, "  ");
  for (const [device, place] of Object.entries(data.devices)) {
    terminal.print();
    terminal.say(device, "  ");
    showTransfer(place, terminal);
    showLearned(place, terminal);
  }
  terminal.print();
  terminal.say("the processor's engines", "  ");
  showLearned(data.engine, terminal);
}

function showTransfer({ transfer }: PlaceData, terminal: Terminal): void {
  if (transfer === undefined) {
    terminal.say("transfers: not measured yet", "    ");
    return;
  }
  const rows = transfer.map(({ bytes, uploadMs, downloadMs }) => [
    formatBytes(bytes),
    formatMs(uploadMs),
    rate(bytes, uploadMs),
    formatMs(downloadMs),
    rate(bytes, downloadMs),
  ]);
  const right = (title: string) => ({ title, align: "right" as const });
  const heads = [right("bytes"), right("up ms"), right("GB/s"), right("down ms"), right("GB/s")];
  for (const line of table(heads, rows, terminal.columns - 4)) terminal.print(`    ${line}`);
}

function rate(bytes: number, ms: number): string {
  return (bytes / ms / 1e6).toFixed(2);
}

function showLearned({ learned }: PlaceData, terminal: Terminal): void {
  const rows = Object.entries(learned).map(([operation, steps]) => {
    const ratios = steps.flatMap(([, fixedMs, scaledMs, samples]) =>
      samples.map((ms) => Math.log(ms / (fixedMs + scaledMs))),
    );
    const mean = Math.exp(ratios.reduce((sum, value) => sum + value, 0) / Math.max(1, ratios.length));
    return [operation, String(steps.length), String(ratios.length), mean.toFixed(2)];
  });
  if (rows.length === 0) {
    terminal.say("no operation was measured yet", "    ");
    return;
  }
  const right = (title: string) => ({ title, align: "right" as const });
  const heads = [
    { title: "operation", wrap: true },
    right("sizes"),
    right("samples"),
    right("measured / assumed"),
  ];
  for (const line of table(heads, rows, terminal.columns - 4)) terminal.print(`    ${line}`);
}
