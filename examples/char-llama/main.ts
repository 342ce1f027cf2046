import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { open } from "aikoryu";
import { answer, onnxPredict, type Predict, tensorFlowPredict } from "./answer.ts";
import { numbersOf, toGguf, toOnnx } from "./export.ts";
import { pairs } from "./recipe.ts";
import { trained } from "./trained.ts";

await using gpu = await open();
using tensorflow = await gpu.nn.tensorflow();
const folder = join(process.cwd(), ".cache", "char-llama");
const weights = await trained(gpu, tensorflow, folder);
const numbers = await numbersOf(weights);

const parameters = Object.values(numbers).reduce((sum, { length }) => sum + length, 0);
console.log(`${parameters} parameters`);

const report = async (engine: string, predict: Predict) => {
  const answers = await Promise.all(pairs.map(([question]) => answer(predict, question)));
  const right = answers.filter((text, at) => text === pairs[at]?.[1]).length;
  console.log(`${engine}: ${right} of ${pairs.length} right; ${pairs[2][0]}${answers[2]}`);
};
await report("TensorFlow.js", tensorFlowPredict(tensorflow, weights));

const onnx = toOnnx(numbers);
await using model = await gpu.nn.load(onnx);
await report("ONNX", onnxPredict(model));

const files = { "char-llama.onnx": onnx, "char-llama.gguf": toGguf(numbers) };
for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
console.log(`wrote ${Object.keys(files).join(" and ")}`);
