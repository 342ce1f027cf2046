import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AnyMatrix, type Gpu, isAikoError } from "aikoryu";
import type { TensorFlow } from "aikoryu/nn";
import type { Weights } from "./model.ts";
import { capitals, type Recipe } from "./recipe.ts";
import { train } from "./train.ts";

const sources = ["vocabulary.ts", "model.ts", "train.ts"].map((name) =>
  readFileSync(new URL(name, import.meta.url)),
);

function keyOf(recipe: Recipe): string {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(source);
  return hash.update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
}

/** The trained network: from an archive in the folder where the same recipe was trained before, else trained now. */
export async function trained(
  gpu: Gpu,
  tensorflow: TensorFlow<AnyMatrix>,
  folder = join(process.cwd(), ".cache", "char-llama"),
  recipe: Recipe = capitals,
): Promise<Weights> {
  const path = join(folder, `${keyOf(recipe)}.npz`);
  const { tf } = tensorflow;
  try {
    const entries = Object.entries(await gpu.matrix.readNpz(path, { dtype: "stored" }));
    return Object.fromEntries(
      await Promise.all(
        entries.map(
          async ([name, matrix]) => [name, tf.variable(await tensorflow.fromMatrix(matrix))] as const,
        ),
      ),
    );
  } catch (error) {
    if (!isAikoError(error, "FILE_NOT_FOUND")) throw error;
  }
  const weights = await train(tensorflow, recipe);
  const entries = Object.entries(weights);
  const matrices = await Promise.all(
    entries.map(async ([name, weight]) => [name, await tensorflow.toMatrix(weight)] as const),
  );
  mkdirSync(folder, { recursive: true });
  await gpu.matrix.writeNpz(path, Object.fromEntries(matrices));
  return weights;
}
