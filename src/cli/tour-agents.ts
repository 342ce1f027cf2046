import { fileURLToPath } from "node:url";
import { rules } from "../agents/index.ts";
import { AikoError } from "../errors.ts";
import type { Gpu } from "../index.ts";
import { findPackages, readSections } from "./similarity.ts";
import type { Terminal } from "./terminal.ts";
import type { TourRow } from "./tour-matrix.ts";
import { bothPaths, pathsRow, sayWhetherPathsAgree } from "./tour-paths.ts";

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
  const paths = await bothPaths(
    terminal,
    "validating on",
    (placement) => validator.validate(messages, { placement, strict: placement === "gpu", report: true }),
    (one, other) => one.every(({ index }, at) => index === other[at]?.index),
  );
  const verdicts = paths.auto;
  const passed = verdicts.filter(({ ok }) => ok).length;
  terminal.print();
  terminal.say(`${passed} pass. Of the others the first rule failed is:`, "  ");
  for (const [at, rule] of validator.rules.entries()) {
    const failed = verdicts.filter(({ index }) => index === at).length;
    if (failed > 0)
      terminal.print(`  ${String(failed).padStart(6)}  ${rule.name}`.slice(0, terminal.columns));
  }
  sayWhetherPathsAgree(terminal, paths);
  const size = `${messages.length} messages, ${validator.rules.length} rules`;
  return pathsRow("agents.validate", size, paths, verdicts.report);
}
