import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { discover } from "#src/device/index.js";
import { chainModel, follows } from "../support/llama/model.js";

const folder = new URL("../../examples/", import.meta.url);
const printed: string[] = [];
vi.spyOn(console, "log").mockImplementation((...parts) => {
  printed.push(parts.join(" "));
});
afterEach(() => {
  printed.length = 0;
});

const { adapters } = await discover();
const hasDevice = adapters.some(
  ({ backend, kind }) => backend !== "null" && !(backend === "webgpu" && kind === "cpu"),
);

const circlesFile = join(tmpdir(), `aikoryu-circles-${process.pid}.png`);
const options: Readonly<Record<string, readonly string[]>> = {
  "circles/main.ts": ["--agents", "2000", "--steps", "20", "--out", circlesFile],
};
afterAll(() => rmSync(circlesFile, { force: true }));

const outputs: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  "char-llama/main.ts": [
    "127680 parameters",
    "TensorFlow.js: 12 of 12 right; capital of Italy? Rome",
    "ONNX: 12 of 12 right; capital of Italy? Rome",
    "wrote char-llama.onnx and char-llama.gguf",
  ],
  "agents.ts": [
    "agents: grader, watcher",
    /^dead letter: watcher: INVALID_VALUE: What came to watcher on log.line is not what its schema says/,
    "bad lines of web-1: 2",
    "left: 0 agents, 6 handled, 1 failed",
  ],
  "batching.ts": ["the first answers: 1 1 1 1 1 0 0 0", "199 of 200 requests were one product"],
  "circles/main.ts": [
    /^2000 agents, 20 steps, on the (gpu|cpu): /,
    /^an agent moved 0\.\d+ in the last step$/,
    `wrote ${circlesFile}`,
  ],
  "data.ts": [/^\d+ files \.ts: \d+ bytes$/, /^\d+ files \.wgsl: \d+ bytes$/, /^ran on the (gpu|cpu): /],
  "llm.ts": ["answers: llama", /^chain: ".{16}", 16 tokens in \d+ pieces$/],
  "kernel.ts": ["-40.0 32.0 98.6 212.0"],
  "llm-server.ts": [
    /^http:\/\/127\.0\.0\.1:\d+ answers as Ollama \d+\.\d+\.\d+ does$/,
    /^(there is no model: |.+ says: )/,
  ],
  "monitor.ts": [
    /^processors \d+ % in use, \d+ devices$/,
    /^matrix.multiply on the (gpu|cpu): 1 calls$/,
    /^processors \d+ % in use, \d+ devices$/,
    /^matrix.multiply on the (gpu|cpu): 1 calls$/,
    /^aikoryu_operation_calls_total\{operation="matrix.multiply",placement="(gpu|cpu)"\} 1$/,
  ],
  "multiply.ts": ["row 0 has its 1 in column 4", /^ran on the (gpu|cpu): /],
  "principal-components.ts": [
    "the components explain 51 %, 46 %, 3 %",
    "furthest apart along the first: Cairo and Lima",
  ],
  "triage/main.ts": [
    /^\d+ lines of \S+/,
    /^(info|note|warn|error) +\d+ x /,
    /^\d+ kinds of events, 0 refused by the validator: (All is well|Nothing to do|Look into it|See to it now)\.$/,
    /^(\d+) of \1 judged as learned, in \d+ answers of the model, \d+ tokens$/,
  ],
  "stream.ts": ["1440000 readings, the warmest 212.0 °F"],
  "nearest.ts": ["1, 0.9, 0: lime sorbet", "0, 0.1, 1: miso soup"],
};

const models = mkdtempSync(join(tmpdir(), "aikoryu-models-"));
writeFileSync(join(models, "chain.gguf"), chainModel(follows("?! Rome, ")));
vi.stubEnv("AIKORYU_MODELS", models);
vi.stubEnv("OLLAMA_HOST", "127.0.0.1:1");
vi.stubEnv("AIKORYU_OLLAMA", join(models, "none"));
afterAll(() => rmSync(models, { recursive: true }));

describe("examples", () => {
  it("are all tried here", () => {
    const programs = readdirSync(folder, { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? `${entry.name}/main.ts` : entry.name,
    );
    expect(programs.sort()).toEqual(Object.keys(outputs).sort());
  });

  it.each(Object.entries(outputs))("%s", { timeout: 240_000 }, async (name, expected) => {
    if (name === "kernel.ts" && !hasDevice) return;
    process.argv.splice(2, process.argv.length, ...(options[name] ?? []));
    await import(new URL(name, folder).href);
    expect(printed).toHaveLength(expected.length);
    expected.forEach((line, at) => {
      if (typeof line === "string") expect(printed[at]).toBe(line);
      else expect(printed[at]).toMatch(line);
    });
  });
});
