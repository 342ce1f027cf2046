import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AikoError, isAikoError } from "../errors.ts";
import type { Gpu } from "../index.ts";
import { letterModel } from "./letter-model.ts";
import { findPackages, readSections } from "./similarity.ts";
import type { Terminal } from "./terminal.ts";
import type { TourRow } from "./tour-matrix.ts";

const callers = 8;
const tokens = 96;
const repeats = 3;
const mostText = 4_000_000;

/**
 * Eight callers of one small language model, at once and one after the other. The model is made here, of the text of the
 * installed packages, because none may be downloaded; `gpu.llm` runs it as it would any other GGUF file.
 */
export async function tourLlm(gpu: Gpu, terminal: Terminal): Promise<TourRow> {
  terminal.progress("counting letters of the installed packages");
  const here = fileURLToPath(new URL("../..", import.meta.url));
  const folder = (await findPackages(process.cwd())) ?? (await findPackages(here));
  const sections = folder === undefined ? [] : await readSections(folder);
  const text = sections
    .map((section) => section.text)
    .join("\n")
    .slice(0, mostText);
  if (text.length < 10_000) {
    throw new AikoError("FILE_NOT_FOUND", {
      message: "No installed packages with enough text were found",
      hint: "Run the tour in a folder that has a node_modules, at or above it.",
    });
  }
  const made = letterModel(text, 256);
  const temporary = await mkdtemp(join(tmpdir(), "aikoryu-tour-"));
  const model = join(temporary, "letters.gguf");
  try {
    await writeFile(model, made.gguf);
    return await converse(gpu, terminal, model, made.parameters);
  } finally {
    await gpu.llm.unload(model).catch(() => {});
    await rm(temporary, { recursive: true, force: true });
  }
}

async function converse(gpu: Gpu, terminal: Terminal, model: string, parameters: number): Promise<TourRow> {
  terminal.print(
    `${terminal.style("bold", "llm")}     a model of ${parameters} numbers that knows which letter follows which in`,
  );
  terminal.print(`        the installed packages; ${callers} callers ask it for ${tokens} letters each`);
  const ask = async (seed: number) => {
    const sampling = { seed, temperature: 1, topK: 0, topP: 1, maxTokens: tokens };
    const reply = await gpu.llm.generate({ model, prompt: "T", raw: true, sampling });
    return reply.text;
  };
  const seeds = Array.from({ length: callers }, (_, at) => at + 1);
  const atOnce = () => Promise.all(seeds.map(ask));
  const inTurn = async () => {
    const answers: string[] = [];
    for (const seed of seeds) answers.push(await ask(seed));
    return answers;
  };
  const missing = await ask(0).then(
    () => undefined,
    (error: unknown) => {
      if (!isAikoError(error, "ENGINE_MISSING")) throw error;
      return error;
    },
  );
  if (missing !== undefined) {
    terminal.say(`${missing.message}. ${missing.hint ?? ""}`, "  ");
    terminal.print();
    return row({ cpuMs: 0, reason: missing.message, agree: true, size: "no engine" });
  }
  terminal.progress("asking one after the other, and all at once");
  const alone = await inTurn();
  const together = await atOnce();
  const aloneMs = await median(inTurn);
  const togetherMs = await median(atOnce);
  const agree = together.every((answer, at) => answer === alone[at]);
  const perSecond = (ms: number) => Math.round((callers * tokens * 1000) / ms);
  terminal.print();
  terminal.say(`One of the answers: ${JSON.stringify(together[0]?.slice(0, 48))}`, "  ");
  terminal.say(await others(gpu), "  ");
  terminal.say(
    agree
      ? "Answers are the same alone and together."
      : "Answers differ alone and together. This is a bug; please report it.",
    "  ",
  );
  terminal.print();
  const size = `${callers} callers, ${tokens} tokens each`;
  const reason = `batched ${perSecond(togetherMs)} tokens/s, one after the other ${perSecond(aloneMs)}`;
  return row({ cpuMs: togetherMs, reason, agree, size });
}

async function others(gpu: Gpu): Promise<string> {
  const choice = await gpu.llm.provider().catch(() => undefined);
  return choice === undefined
    ? "No other models are here."
    : `Models that gpu.llm finds here by itself: ${choice.provider.description}.`;
}

async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < repeats; at++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[repeats >> 1] ?? 0;
}

function row(found: Pick<TourRow, "cpuMs" | "reason" | "agree" | "size">): TourRow {
  return {
    operation: "llm.generate",
    gpuMs: undefined,
    chosen: "cpu",
    predicted: undefined,
    ratio: undefined,
    ...found,
  };
}
