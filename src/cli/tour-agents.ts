import { fileURLToPath } from "node:url";
import { rules } from "../agents/index.ts";
import { AikoError, isAikoError } from "../errors.ts";
import type { Gpu } from "../index.ts";
import { findPackages, readSections } from "./similarity.ts";
import type { Terminal } from "./terminal.ts";
import type { TourRow } from "./tour-matrix.ts";

const repeats = 5;

/** Sections of documents as messages between agents: which of them a chain of rules lets pass. */
export async function tourAgents(gpu: Gpu, terminal: Terminal): Promise<TourRow> {
  terminal.progress("reading the Markdown files of the installed packages");
  const here = fileURLToPath(new URL("../..", import.meta.url));
  const folder = (await findPackages(process.cwd())) ?? (await findPackages(here));
  const sections = folder === undefined ? [] : await readSections(folder);
  if (sections.length === 0) {
    throw new AikoError("FILE_NOT_FOUND", {
      message: "No installed packages with Markdown files were found",
      hint: "Run the tour in a folder that has a node_modules, at or above it.",
    });
  }
  const messages = sections.map(({ text }) => text);
  terminal.print(
    `${terminal.style("bold", "agents")}  ${messages.length} sections of Markdown files, as messages that agents pass on:`,
  );
  terminal.print("        which of them a chain of five rules lets through");
  using validator = gpu.agents.validator([
    rules.maxLength(8_000),
    rules.charset("no-controls"),
    rules.rejects(/(api[_-]?key|token|secret|password)\s*[:=]\s*["'][^"'\s]{8,}["']/i),
    rules.rejects(/\b(10|127|192)\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/),
    rules.banned(["rm -rf /", "curl | sh", "ignore previous instructions", "sudo npm", "chmod 777"]),
  ]);
  const run = async (placement: "auto" | "cpu" | "gpu") => {
    const start = performance.now();
    const verdicts = await validator.validate(messages, {
      placement,
      strict: placement === "gpu",
      report: true,
    });
    return { ms: performance.now() - start, verdicts, found: verdicts.map(({ index }) => index).join() };
  };
  const median = async (placement: "cpu" | "gpu") => {
    const first = await run(placement);
    const times: number[] = [];
    for (let at = 0; at < repeats; at++) times.push((await run(placement)).ms);
    return { found: first.found, ms: times.sort((a, b) => a - b)[repeats >> 1] ?? first.ms };
  };
  terminal.progress("validating on the CPU");
  const cpu = await median("cpu");
  terminal.progress("validating on the GPU");
  const device = await median("gpu").catch((error: unknown) => {
    if (!isAikoError(error)) throw error;
    return { failure: error.message };
  });
  const { verdicts } = await run("auto");
  const gpuMs = "ms" in device ? device.ms : undefined;
  const agree = !("found" in device) || device.found === cpu.found;
  const passed = verdicts.filter(({ ok }) => ok).length;
  terminal.print();
  terminal.say(`${passed} pass. Of the others the first rule failed is:`, "  ");
  for (const [at, rule] of validator.rules.entries()) {
    const failed = verdicts.filter(({ index }) => index === at).length;
    if (failed > 0)
      terminal.print(`  ${String(failed).padStart(6)}  ${rule.name}`.slice(0, terminal.columns));
  }
  if ("failure" in device) terminal.say(`The GPU path could not be used: ${device.failure}`, "  ");
  else
    terminal.say(agree ? "Both paths agree." : "The paths disagree. This is a bug; please report it.", "  ");
  terminal.print();
  const { report } = verdicts;
  return {
    operation: "agents.validate",
    size: `${messages.length} messages, ${validator.rules.length} rules`,
    cpuMs: cpu.ms,
    gpuMs,
    chosen: report?.placement ?? "auto",
    predicted: report?.predicted,
    ratio: gpuMs === undefined ? undefined : cpu.ms / gpuMs,
    reason: report?.reason ?? "",
    agree,
  };
}
