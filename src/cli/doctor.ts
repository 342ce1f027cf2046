import { formatBytes } from "../core/bytes.ts";
import {
  type Adapter,
  type BackendParts,
  backendParts,
  type Device,
  type Discovery,
  discover,
  type Part,
  selectAdapters,
} from "../device/index.ts";
import { toAikoError } from "../errors.ts";
import { Runtime } from "../runtime/index.ts";
import { showCalibration } from "./calibration.ts";
import type { Command } from "./command.ts";
import { formatLimits, formatMachine, machine } from "./machine.ts";
import { type DeviceLimits, measureDevice } from "./measure.ts";
import { wrap } from "./table.ts";
import type { Terminal } from "./terminal.ts";

interface Problem {
  readonly backend: string;
  readonly reason: string;
  readonly fix: string | undefined;
}

interface Finding {
  readonly adapter: Adapter;
  readonly freeBytes?: number | undefined;
  readonly measured?: DeviceLimits;
  readonly failure?: { readonly code: string; readonly message: string; readonly hint?: string };
}

export const doctor: Command = {
  usage: `Usage: aikoryu doctor [--quick] [--calibration] [--json]

Lists the devices of this machine with their limits and memory, opens each one,
and measures its copy bandwidth and its multiply-add rate. Then what was found
of each backend: where, which version, and for what is missing, the command
that would fix it.

  --quick         open the devices, but measure nothing
  --calibration   also what placement goes by: transfers, measured now where
                  they are not known yet, and what calls were seen to take
  --json          the whole finding, for machines
`,
  options: { quick: { type: "boolean" }, calibration: { type: "boolean" } },
  async run({ terminal, flag, signal }) {
    const discovery = await discover();
    const { adapters } = discovery;
    const { chosen, problem } = choose(discovery);
    const problems: Problem[] = [...discovery.problems, ...(problem === undefined ? [] : [problem])];
    const findings: Finding[] = [];
    for (const adapter of adapters.filter(({ backend }) => backend !== "null")) {
      signal.throwIfAborted();
      terminal.progress(`${flag("quick") ? "opening" : "measuring"} ${adapter.id}: ${adapter.name}`);
      findings.push(await examine(adapter, flag("quick")));
    }
    const backends = (await backendParts()).map(({ backend, parts }) => ({
      backend,
      parts,
      problems: problems.filter((one) => one.backend === backend),
    }));
    const calibration = flag("calibration") ? await calibrate(findings, terminal, signal) : undefined;
    const devices = findings.map(toJson);
    terminal.json({
      machine: machine(),
      chosen,
      devices,
      backends,
      problems,
      calibration: calibration?.data,
    });
    const others = problems.filter(({ backend }) => !backends.some((one) => one.backend === backend));
    show({ findings, backends, others, chosen }, terminal);
    if (calibration !== undefined) showCalibration(calibration.data, calibration.path, terminal);
    return problem === undefined ? 0 : 1;
  },
};

/** What placement knows of the devices that open, measured now where nobody has yet. */
async function calibrate(findings: readonly Finding[], terminal: Terminal, signal: AbortSignal) {
  const usable = findings.filter(({ failure }) => failure === undefined).map(({ adapter }) => adapter);
  await using runtime = new Runtime({ adapters: async () => usable });
  for (const { id } of usable) {
    signal.throwIfAborted();
    terminal.progress(`calibrating ${id}`);
    await runtime.calibrate(id);
  }
  return runtime.calibration();
}

/** What `open()` would choose; a device asked for in AIKORYU_DEVICE and absent is one more problem. */
function choose(discovery: Discovery): { chosen: string | null; problem?: Problem } {
  try {
    return { chosen: selectAdapters(discovery)[0]?.id ?? null };
  } catch (error) {
    const { message, hint } = toAikoError(error);
    return { chosen: null, problem: { backend: "AIKORYU_DEVICE", reason: message, fix: hint } };
  }
}

async function examine(adapter: Adapter, quick: boolean): Promise<Finding> {
  try {
    await using device: Device = await adapter.open();
    const { freeBytes } = device.memory();
    return quick ? { adapter, freeBytes } : { adapter, freeBytes, measured: await measureDevice(device) };
  } catch (error) {
    return { adapter, failure: toAikoError(error).toJSON() };
  }
}

function toJson({ adapter, freeBytes, measured, failure }: Finding) {
  const { id, backend, kind, name, vendor, driver, limits, features } = adapter;
  return {
    id,
    backend,
    kind,
    name,
    vendor,
    driver,
    limits,
    features: [...features],
    freeBytes,
    measured,
    failure,
  };
}

interface Report {
  readonly findings: readonly Finding[];
  readonly backends: readonly (BackendParts & { readonly problems: readonly Problem[] })[];
  /** Those that belong to no backend. */
  readonly others: readonly Problem[];
  readonly chosen: string | null;
}

function show({ findings, backends, others, chosen }: Report, terminal: Terminal): void {
  terminal.print(formatMachine(machine()));
  for (const finding of findings) showDevice(finding, terminal);
  if (findings.length === 0)
    terminal.print("\nNo device was found. Everything runs on the processor, without kernels.");
  const all = [...backends, ...others.map((one) => ({ backend: one.backend, parts: [], problems: [one] }))];
  for (const { backend, parts, problems } of all) {
    if (parts.length + problems.length === 0) continue;
    terminal.print();
    terminal.print(terminal.style(problems.length > 0 ? ["bold", "yellow"] : ["bold"], backend));
    for (const part of parts) showPart(part, terminal);
    for (const problem of problems) showProblem(problem, terminal);
  }
  if (findings.length === 0) return;
  terminal.print();
  if (chosen === null) terminal.say("None of them is chosen: everything runs on the processor.");
  else terminal.say(`Chosen: ${chosen}. AIKORYU_DEVICE, or open({ device }), chooses another.`);
}

function showPart({ name, path, version, problem, fix }: Part, terminal: Terminal): void {
  const found = [version, path].filter((text) => text !== undefined).join(" at ");
  if (problem === undefined) indent(name, found || "found", terminal);
  else indent(name, [found, problem].filter((text) => text !== "").join(": "), terminal);
  if (fix !== undefined) indent("fix", fix, terminal);
}

function showProblem({ reason, fix }: Problem, terminal: Terminal): void {
  indent("problem", reason, terminal);
  if (fix !== undefined) indent("fix", fix, terminal);
}

function showDevice({ adapter, freeBytes, measured, failure }: Finding, terminal: Terminal): void {
  const { limits, features } = adapter;
  const kind = adapter.kind === "cpu" ? "in software, on the processor" : adapter.kind;
  const line = (label: string, text: string) => indent(label, text, terminal);
  terminal.print();
  terminal.print(`${terminal.style(["bold", "green"], adapter.id)}  ${adapter.name}`);
  line("kind", kind);
  line("driver", adapter.driver);
  const free = freeBytes === undefined ? "" : `, ${formatBytes(freeBytes)} free`;
  if (limits.memoryBytes !== undefined) line("memory", `${formatBytes(limits.memoryBytes)}${free}`);
  line("buffers", `${formatBytes(limits.bufferBytes)} each, ${limits.storageBuffers} a kernel`);
  line("workgroup", `${limits.workgroupThreads} threads, ${formatBytes(limits.workgroupBytes)} shared`);
  line("features", [...features].join(" ") || "none");
  if (measured !== undefined) line("measured", formatLimits(measured));
  if (failure === undefined) return;
  line("failed", failure.message);
  if (failure.hint !== undefined) line("", failure.hint);
}

const labelWidth = 12;

function indent(label: string, text: string, terminal: Terminal): void {
  const lines = wrap(text, terminal.columns - labelWidth);
  lines.forEach((line, at) => {
    terminal.print(`${(at === 0 ? `  ${label}` : "").padEnd(labelWidth)}${line}`);
  });
}
