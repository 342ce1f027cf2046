import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Gpu } from "aikoryu";
import { numbersOf, toGguf } from "../char-llama/export.ts";
import { trained } from "../char-llama/trained.ts";
import { triage } from "./recipe.ts";

/** A GGUF file of a network that knows the recipe by heart: trained here the first time, in some twenty seconds. */
export async function triageModel(
  gpu: Gpu,
  folder = join(process.cwd(), ".cache", "triage"),
): Promise<string> {
  using tensorflow = await gpu.nn.tensorflow();
  const weights = await trained(gpu, tensorflow, folder, triage);
  const path = join(folder, "triage.gguf");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, toGguf(await numbersOf(weights), triage));
  return path;
}
