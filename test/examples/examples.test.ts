import { readdirSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { discover } from "#src/device/index.js";

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

const outputs: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  "char-llama/main.ts": [
    "127680 parameters",
    "TensorFlow.js: 12 of 12 right; capital of Italy? Rome",
    "ONNX: 12 of 12 right; capital of Italy? Rome",
    "wrote char-llama.onnx and char-llama.gguf",
  ],
  "batching.ts": ["the first answers: 1 1 1 1 1 0 0 0", "199 of 200 requests were one product"],
  "data.ts": [/^\d+ files \.ts: \d+ bytes$/, /^\d+ files \.wgsl: \d+ bytes$/, /^ran on the (gpu|cpu): /],
  "kernel.ts": ["-40.0 32.0 98.6 212.0"],
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
  "stream.ts": ["1440000 readings, the warmest 212.0 °F"],
  "nearest.ts": ["1, 0.9, 0: lime sorbet", "0, 0.1, 1: miso soup"],
};

describe("examples", () => {
  it("are all tried here", () => {
    const programs = readdirSync(folder, { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? `${entry.name}/main.ts` : entry.name,
    );
    expect(programs.sort()).toEqual(Object.keys(outputs).sort());
  });

  it.each(Object.entries(outputs))("%s", async (name, expected) => {
    if (name === "kernel.ts" && !hasDevice) return;
    await import(new URL(name, folder).href);
    expect(printed).toHaveLength(expected.length);
    expected.forEach((line, at) => {
      if (typeof line === "string") expect(printed[at]).toBe(line);
      else expect(printed[at]).toMatch(line);
    });
  });
});
