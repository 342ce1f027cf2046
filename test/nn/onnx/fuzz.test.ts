import { expect, it } from "vitest";
import { isAikoError } from "#src/errors.js";
import { readModel, tensorsOf } from "#src/nn/onnx/index.js";
import {
  attribute,
  floats,
  graph,
  integer,
  message,
  model,
  node,
  perceptron,
  text,
  value,
  varint,
} from "../../support/onnx.js";
import { seeded } from "../../support/random.js";

const branch = (name: string) =>
  attribute.graph(name, graph({ nodes: [node("Neg", ["x"], ["z"])], outputs: [value("z", "f32", ["n"])] }));
const models = [
  perceptron(),
  model({
    nodes: [
      node("Constant", [], ["c"], [attribute.tensor("value", floats("", [2, 2], [1, 2, 3, 4]))]),
      node(
        "If",
        ["x"],
        ["y"],
        [branch("then_branch"), branch("else_branch"), attribute.ints("list", [1, 2, 3])],
      ),
    ],
    inputs: [value("x", "bool", [])],
    outputs: [value("y", "f32", ["n"])],
    initializers: [
      Buffer.concat([
        integer(1, 2),
        integer(2, 8),
        text(8, "s"),
        message(6, Buffer.from("a")),
        message(6, Buffer.from("b")),
      ]),
      Buffer.concat([
        integer(1, 3),
        integer(2, 7),
        text(8, "i"),
        message(7, varint(1), varint(-1), varint(2n ** 40n)),
      ]),
    ],
  }),
];

async function isModelOrRefused(bytes: Uint8Array): Promise<boolean> {
  try {
    const { model: found } = await readModel(bytes);
    for (const tensor of tensorsOf(found)) void tensor.data;
    return true;
  } catch (error) {
    if (isAikoError(error)) return false;
    throw error;
  }
}

it("every truncation is refused or a model", async () => {
  let intact = 0;
  for (const bytes of models) {
    for (let length = 0; length < bytes.length; length++) {
      if (await isModelOrRefused(bytes.subarray(0, length))) intact++;
    }
  }
  expect(intact).toBeLessThan(10);
});

it("flipped bytes end in a model or an AikoError, and take no memory", async () => {
  const random = seeded(7);
  const before = process.memoryUsage().arrayBuffers;
  let refused = 0;
  for (let round = 0; round < 6000; round++) {
    const bytes = Buffer.from(models[round % models.length] ?? []);
    const flips = 1 + Math.floor(random() * 4);
    for (let flip = 0; flip < flips; flip++) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    if (!(await isModelOrRefused(bytes))) refused++;
  }
  expect(refused).toBeGreaterThan(1000);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
});
