import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gpu, open } from "#src/index.js";
import type { TensorFlow } from "#src/nn/index.js";
import { answer, onnxPredict, tensorFlowPredict } from "../../examples/char-llama/answer.ts";
import { type Numbers, numbersOf, toGguf, toOnnx } from "../../examples/char-llama/export.ts";
import { forward, type Weights, weightShapes } from "../../examples/char-llama/model.ts";
import { pairs, shape } from "../../examples/char-llama/recipe.ts";
import { trained } from "../../examples/char-llama/trained.ts";
import { begin, decode, encode, end, tokens } from "../../examples/char-llama/vocabulary.ts";
import { readGguf } from "./export/gguf-reader.js";

const folder = join(fileURLToPath(new URL("../../", import.meta.url)), ".cache", "char-llama");
const questions = pairs.map(([question]) => question);
const answers = pairs.map(([, text]) => text);

let gpu: Gpu;
let tensorflow: TensorFlow;
let weights: Weights;
let numbers: Numbers;

beforeAll(async () => {
  gpu = await open({ device: ["opencl", "webgpu"] });
  const bound = await gpu.nn.tensorflow({ backend: "wasm" });
  tensorflow = bound as TensorFlow;
  weights = await trained(gpu as never, bound as never, folder);
  numbers = await numbersOf(weights);
}, 180_000);
afterAll(async () => {
  tensorflow?.dispose();
  await gpu?.dispose();
});

describe("a character-level Llama, trained with TensorFlow.js", () => {
  it("has 127,680 parameters and learned its answers by heart", async () => {
    expect(Object.values(numbers).reduce((sum, { length }) => sum + length, 0)).toBe(127_680);
    const predict = tensorFlowPredict(tensorflow, weights);
    const said: string[] = [];
    for (const question of questions) said.push(await answer(predict, question));
    expect(said).toEqual(answers);
  });

  it("has a vocabulary that gives every text back", () => {
    expect(tokens).toHaveLength(shape.vocabulary);
    for (const text of ["capital of Peru? Lima", "two  spaces\n", "{}~!"])
      expect(decode(encode(text))).toBe(text);
    expect(encode("é")).toEqual([3 + 0xc3, 3 + 0xa9]);
  });
});

describe("the same network as ONNX", () => {
  it.for(["cpu", "webgpu", "aikoryu"] as const)("answers the same through %s", async (provider, context) => {
    const bytes = toOnnx(numbers);
    await using planned = await gpu.nn.load(bytes);
    const hasExecutor = !planned.lacking.some(({ operator }) => operator === "Identity");
    if (provider === "aikoryu" && !hasExecutor) return context.skip("there is no executor yet");
    await using model = await gpu.nn.load(bytes, { provider });
    const predict = onnxPredict(model);
    const said = await Promise.all(questions.map((question) => answer(predict, question)));
    expect(said).toEqual(answers);
    const text = [begin, ...encode("capital of France? Paris"), end];
    const { tf } = tensorflow;
    const logits = tf.tidy(() => forward(tf, weights, tf.tensor(text, [1, text.length], "int32")));
    const expected = await logits.data<"float32">();
    const found = (await predict(text)).subarray(0, expected.length);
    let worst = 0;
    expected.forEach((value, at) => {
      worst = Math.max(worst, Math.abs(value - (found[at] ?? Number.NaN)));
    });
    expect(worst).toBeLessThan(1e-3);
  });
});

describe("the same network as GGUF", () => {
  it("holds every number where its header says, and what llama.cpp asks for", () => {
    const file = toGguf(numbers);
    const { version, metadata, tensors: found, dataStart } = readGguf(file);
    expect(version).toBe(3);
    expect(Object.keys(found)).toEqual(Object.keys(weightShapes()));
    let last = 0;
    for (const [name, sizes] of Object.entries(weightShapes())) {
      const tensor = found[name];
      expect(tensor?.sizes).toEqual([...sizes].reverse());
      const start = dataStart + (tensor?.offset ?? 0);
      expect(start % 32).toBe(0);
      const bytes = numbers[name]?.byteLength ?? 0;
      expect(new Float32Array(file.slice(start, start + bytes).buffer)).toEqual(numbers[name]);
      last = start + bytes;
    }
    expect(file.length).toBe(Math.ceil(last / 32) * 32);
    const value = (key: string) => metadata[key]?.value;
    expect(value("general.architecture")).toBe("llama");
    expect(value("llama.block_count")).toBe(2);
    expect(value("tokenizer.ggml.add_space_prefix")).toBe(false);
    const list = value("tokenizer.ggml.tokens") as string[];
    expect([list.length, list[1], list[3 + 65], list.includes("\u2581"), list.includes(" ")]).toEqual([
      355,
      "<s>",
      "<0x41>",
      true,
      false,
    ]);
    const kinds = value("tokenizer.ggml.token_type") as number[];
    expect([kinds[0], kinds[1], kinds[3], kinds[list.indexOf("\u2581")]]).toEqual([2, 3, 6, 1]);
  });
});
