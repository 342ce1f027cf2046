import { AikoError } from "../../errors.ts";
import type { ModelInfo, PullProgress, RunningModel, Usage } from "../provider.ts";
import { plainText } from "./terminal-text.ts";

const mostLineCharacters = 1_000;
const size = String.raw`([\d.]+ ?[KMGT]?B|-)`;
const listRow = new RegExp(String.raw`^(\S+)\s+([0-9a-f]+)\s+${size}\s+(.*)$`, "i");
const psRow = new RegExp(
  String.raw`^(\S+)\s+([0-9a-f]+)\s+${size}\s+(\d+%(?:/\d+%)? [CG]PU(?:/GPU)?|Unknown)\s+(?:(\d+)\s+)?(.*)$`,
  "i",
);

/** What `ollama list` prints: NAME ID SIZE MODIFIED. Throws PROTOCOL_VIOLATION. */
export function listedModels(text: string, from: string): readonly ModelInfo[] {
  return rowsOf(text, "NAME", listRow, from).map(([, name = "", digest, bytes, modified = ""]) => ({
    name,
    digest,
    bytes: bytesOf(bytes),
    modifiedAt: timeOf(modified),
  }));
}

/** What `ollama ps` prints: NAME ID SIZE PROCESSOR CONTEXT UNTIL. Throws PROTOCOL_VIOLATION. */
export function runningModels(text: string, from: string): readonly RunningModel[] {
  return rowsOf(text, "NAME", psRow, from).map(([, name = "", , total, where = "", context, until = ""]) => {
    const bytes = bytesOf(total);
    const share = gpuShare(where);
    return {
      name,
      bytes,
      gpuBytes: bytes === undefined || share === undefined ? undefined : Math.round(bytes * share),
      contextLength: context === undefined ? undefined : Number(context),
      expiresAt: timeOf(until),
    };
  });
}

/** What `ollama show` prints: sections with rows of a name and a value. Throws PROTOCOL_VIOLATION. */
export function shownModel(name: string, text: string, from: string): ModelInfo {
  const sections = new Map<string, string[]>();
  let section = "";
  for (const line of plainText(text).split(/\r?\n/)) {
    const indent = line.length - line.trimStart().length;
    if (line.trim() === "") continue;
    if (indent <= 2) section = line.trim();
    else sections.set(section, [...(sections.get(section) ?? []), line.trim()]);
  }
  const rows = sections.get("Model");
  if (rows === undefined) throw garbled(from, text);
  const fields = new Map(rows.map((row) => row.split(/\s{2,}/) as [string, string | undefined]));
  const context = Number(fields.get("context length"));
  return {
    name,
    bytes: undefined,
    modifiedAt: undefined,
    family: fields.get("architecture") ?? fields.get("arch"),
    parameters: fields.get("parameters"),
    quantization: fields.get("quantization"),
    contextLength: Number.isSafeInteger(context) ? context : undefined,
    capabilities: sections.get("Capabilities"),
  };
}

/** A line of what `ollama pull` prints: "pulling 6a0746a1ec1a...  45% ... 2.1 GB/4.7 GB". */
export function pulledProgress(drawn: string): PullProgress | undefined {
  const line = drawn.slice(0, mostLineCharacters);
  const status = line
    .replace(/\s+\d+% .*$/s, "")
    .replace(/[\s\u2800-\u28ff]+$/u, "")
    .trim();
  if (status === "") return undefined;
  const [, done, total] = /([\d.]+ ?[KMGT]?B)\/([\d.]+ ?[KMGT]?B)/.exec(line) ?? [];
  return { status, completedBytes: bytesOf(done), totalBytes: bytesOf(total) };
}

/** What `ollama run --verbose` prints at the end. */
export function verboseUsage(text: string, started: number): Usage {
  const plain = plainText(text);
  const field = (name: string) => new RegExp(`(?<!prompt )\\b${name}:\\s+(\\S+)`).exec(plain)?.[1];
  const count = (name: string) => {
    const value = Number.parseInt(field(name) ?? "", 10);
    return Number.isNaN(value) ? undefined : value;
  };
  return {
    promptTokens: count("prompt eval count"),
    outputTokens: count("eval count"),
    loadMs: durationMs(field("load duration")),
    promptMs: durationMs(field("prompt eval duration")),
    outputMs: durationMs(field("eval duration")),
    totalMs: durationMs(field("total duration")) ?? performance.now() - started,
  };
}

function rowsOf(text: string, header: string, row: RegExp, from: string): RegExpExecArray[] {
  const [first, ...lines] = plainText(text)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  if (!first?.startsWith(header)) throw garbled(from, text);
  return lines.map((line) => {
    const match = row.exec(line);
    if (match === null) throw garbled(from, line);
    return match;
  });
}

function garbled(from: string, text: string): AikoError {
  return new AikoError("PROTOCOL_VIOLATION", {
    message: `${from} prints what is not its table: ${JSON.stringify(plainText(text).slice(0, 100))}`,
    hint: "Is it the ollama command, and not something else?",
  });
}

function bytesOf(text: string | undefined): number | undefined {
  const [, number, unit = ""] = /^([\d.]+) ?([KMGT]?)B$/i.exec(text ?? "") ?? [];
  if (number === undefined) return undefined;
  return Math.round(Number(number) * 1_000 ** " KMGT".indexOf(unit.toUpperCase() || " "));
}

function gpuShare(where: string): number | undefined {
  const [first = 0, second] = [...where.matchAll(/(\d+)%/g)].map(([, percent]) => Number(percent) / 100);
  if (where.endsWith("CPU/GPU")) return second;
  return where.endsWith(" GPU") ? first : where.endsWith(" CPU") ? 0 : undefined;
}

const units: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3_600,
  day: 86_400,
  week: 604_800,
  month: 2_592_000,
  year: 31_536_000,
};

/** "2 weeks ago", "About an hour ago", "4 minutes from now": to that accuracy. */
function timeOf(text: string): Date | undefined {
  const [, number, unit, direction] =
    /(?:(\d+)|an?|less than an?) (second|minute|hour|day|week|month|year)s? (ago|from now)/i.exec(text) ?? [];
  const seconds = units[unit ?? ""];
  if (seconds === undefined) return undefined;
  const ms = Number(number ?? 1) * seconds * 1_000;
  return new Date(Date.now() + (direction === "ago" ? -ms : ms));
}

const goUnits: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  µs: 1e-3,
  us: 1e-3,
  ns: 1e-6,
};

/** Milliseconds of a duration as Go prints it: "1m2.5s". */
function durationMs(text: string | undefined): number | undefined {
  const parts = [...(text ?? "").matchAll(/([\d.]+)(h|ms|m|s|µs|us|ns)/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((total, [, number, unit]) => total + Number(number) * (goUnits[unit ?? ""] ?? 0), 0);
}
