import { readFile } from "node:fs/promises";
import type { LlmFamily, LlmOptions, OutputFormat, Sampling } from "../llm/index.ts";
import { keepAliveMs } from "../server/index.ts";
import { type Invocation, UsageError } from "./command.ts";
import { choiceOf } from "./nn-options.ts";

const providers = ["ollama", "ollama-cli", "llama"] as const;

export function llmUsage(message: string, lead = ""): UsageError {
  return new UsageError(message, `${lead}See: aikoryu llm --help`);
}

/** Chooses who answers, where the options say so. */
export async function useOptions(llm: LlmFamily, invocation: Invocation): Promise<LlmOptions> {
  const provider = choiceOf(invocation, "provider", providers);
  const models = invocation.text("models");
  const options = { ...(provider && { provider }), ...(models && { models }) };
  if (Object.keys(options).length > 0) await llm.use(options);
  return options;
}

export function samplingOf(invocation: Invocation): Sampling {
  const stop = invocation.texts("stop");
  return {
    temperature: numberOf(invocation, "temperature"),
    topK: numberOf(invocation, "top-k", true),
    topP: numberOf(invocation, "top-p"),
    minP: numberOf(invocation, "min-p"),
    repeatPenalty: numberOf(invocation, "repeat-penalty"),
    seed: numberOf(invocation, "seed", true),
    maxTokens: numberOf(invocation, "max-tokens", true),
    contextLength: numberOf(invocation, "context", true),
    stop: stop.length > 0 ? stop : undefined,
  };
}

export function numberOf(invocation: Invocation, name: string, isWhole = false): number | undefined {
  const given = invocation.text(name);
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given.trim() !== "" && Number.isFinite(value) && (!isWhole || Number.isInteger(value))) return value;
  throw llmUsage(`--${name} ${given} is not a ${isWhole ? "whole " : ""}number`);
}

export function keepAliveOf(invocation: Invocation): number | undefined {
  const given = invocation.text("keep-alive");
  if (given === undefined) return undefined;
  const ms = keepAliveMs(given);
  if (ms !== undefined) return ms;
  throw llmUsage(`--keep-alive ${given} is neither seconds nor a duration such as 5m`);
}

export function thinkOf({ flag }: Invocation): boolean | undefined {
  if (flag("think") && flag("no-think")) throw llmUsage("--think and --no-think exclude each other");
  return flag("think") ? true : flag("no-think") ? false : undefined;
}

export async function formatOf(invocation: Invocation): Promise<OutputFormat | undefined> {
  const given = invocation.text("format");
  if (given === undefined || given === "json") return given;
  const text = given.trimStart().startsWith("{") ? given : await readText(given);
  try {
    const schema: unknown = JSON.parse(text);
    if (typeof schema === "object" && schema !== null && !Array.isArray(schema)) return { ...schema };
  } catch {}
  throw llmUsage(`--format ${given} is neither "json" nor a JSON schema`);
}

export function imagesOf(invocation: Invocation): Promise<Uint8Array[]> | undefined {
  const files = invocation.texts("image");
  if (files.length === 0) return undefined;
  return Promise.all(
    files.map((file) => readFile(file).catch((cause) => Promise.reject(unreadable(file, cause)))),
  );
}

/** The model asked for, or the only one that is there. */
export async function modelOf(llm: LlmFamily, invocation: Invocation): Promise<string> {
  const given = invocation.text("model");
  if (given !== undefined) return given;
  const models = await llm.models({ signal: invocation.signal });
  const [only, second] = models;
  if (only !== undefined && second === undefined) return only.name;
  const names = models.map(({ name }) => name);
  throw llmUsage(
    names.length === 0 ? "No model is there" : `Which model? There are ${names.join(", ")}`,
    names.length === 0 ? "aikoryu llm pull NAME downloads one. " : "Say -m NAME. ",
  );
}

function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause) => Promise.reject(unreadable(file, cause)));
}

function unreadable(file: string, cause: NodeJS.ErrnoException): UsageError {
  return llmUsage(
    cause.code === "ENOENT" ? `There is no file ${file}` : `Cannot read ${file}: ${cause.message}`,
  );
}
