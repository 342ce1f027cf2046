import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, isAbsolute, join, normalize, sep } from "node:path";
import type { io } from "@tensorflow/tfjs-core";
import { AikoError, toAikoError } from "../../errors.ts";
import type { TensorFlowLibrary } from "./library.ts";

const modelName = "model.json";
const weightsName = "weights.bin";

const bytesOfType: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

/**
 * Where TensorFlow.js saves a model to and loads it from: a folder with model.json and weights.bin, the layout of its own
 * file handlers. Loading rejects with FILE_NOT_FOUND, and with INVALID_FILE for JSON that is no model, weights that lie
 * outside the folder, and weights that are shorter or longer than their list says.
 */
export function modelFiles(tf: TensorFlowLibrary, folder: string): io.IOHandler {
  return {
    async save(artifacts) {
      if (artifacts.modelTopology instanceof ArrayBuffer) {
        throw new AikoError("UNSUPPORTED", {
          message: "A binary topology cannot be saved as model.json",
          hint: "Save a model of tf.sequential or tf.model.",
        });
      }
      const weights = tf.io.CompositeArrayBuffer.join(artifacts.weightData);
      const { weightData: _, weightSpecs = [], ...rest } = artifacts;
      const json = { ...rest, weightsManifest: [{ paths: [`./${weightsName}`], weights: weightSpecs }] };
      await writing(folder, async () => {
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, weightsName), new Uint8Array(weights));
        await writeFile(join(folder, modelName), JSON.stringify(json));
      });
      return {
        modelArtifactsInfo: {
          dateSaved: new Date(),
          modelTopologyType: "JSON",
          modelTopologyBytes: Buffer.byteLength(JSON.stringify(artifacts.modelTopology ?? "")),
          weightDataBytes: weights.byteLength,
        },
      };
    },
    async load() {
      const path = join(folder, modelName);
      const json = parseModel(await read(path, "utf8"), path);
      return tf.io.getModelArtifactsForJSON(json, (manifest) => readWeights(manifest, folder));
    },
  };
}

async function readWeights(
  manifest: io.WeightsManifestConfig,
  folder: string,
): Promise<[io.WeightsManifestEntry[], ArrayBuffer]> {
  const specs: io.WeightsManifestEntry[] = [];
  const parts: Buffer[] = [];
  for (const group of manifest) {
    const pieces: Buffer[] = [];
    for (const path of group.paths) pieces.push(await read(inside(folder, path)));
    const data = Buffer.concat(pieces);
    assertFilled(group.weights, data.byteLength, join(folder, group.paths.join(", ")));
    specs.push(...group.weights);
    parts.push(data);
  }
  const all = Buffer.concat(parts);
  return [specs, all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength) as ArrayBuffer];
}

function parseModel(text: string, path: string): io.ModelJSON {
  let json: Partial<io.ModelJSON> | null;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AikoError("INVALID_FILE", {
      message: `${path} is not JSON: ${toAikoError(cause).message}`,
      cause,
    });
  }
  if (typeof json?.modelTopology !== "object" || json.modelTopology === null) {
    throw invalid(path, "has no modelTopology: it is no model of TensorFlow.js");
  }
  for (const group of json.weightsManifest ?? []) {
    const isGroup = Array.isArray(group?.paths) && Array.isArray(group.weights);
    if (!isGroup || !group.paths.every((name) => typeof name === "string")) {
      throw invalid(path, "has a weightsManifest without paths and weights");
    }
    for (const spec of group.weights) assertSpec(spec, path);
  }
  return json as io.ModelJSON;
}

function assertSpec({ name, shape, dtype }: io.WeightsManifestEntry, path: string): void {
  const sizes: unknown = shape;
  const isShape = Array.isArray(sizes) && sizes.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (typeof name !== "string" || !isShape) throw invalid(path, `gives the weight ${name} no shape`);
  if (dtype === "string" || Object.hasOwn(bytesOfType, dtype)) return;
  throw invalid(
    path,
    `gives the weight ${name} the type ${String(dtype)}, which TensorFlow.js does not have`,
  );
}

/** Weights of text say their own length, so a list with one cannot be checked. */
function assertFilled(specs: readonly io.WeightsManifestEntry[], byteLength: number, path: string): void {
  let expected = 0;
  for (const { name, shape, dtype, quantization } of specs) {
    if (dtype === "string") return;
    expected += shape.reduce(
      (product, size) => product * size,
      bytesOfType[quantization?.dtype ?? dtype] ?? 4,
    );
    if (expected > byteLength) throw invalid(path, `is truncated: it ends inside the weight ${name}`);
  }
  if (expected < byteLength) {
    throw invalid(path, `holds ${byteLength} bytes, and the weights in ${modelName} take ${expected}`);
  }
}

/** Models come from elsewhere: what they name must lie beside them. */
function inside(folder: string, path: string): string {
  const relative = normalize(path);
  if (
    !isAbsolute(relative) &&
    relative !== ".." &&
    !relative.startsWith(`..${sep}`) &&
    !path.includes("\0")
  ) {
    return join(folder, relative);
  }
  throw invalid(join(folder, modelName), `names weights outside its folder: ${path}`);
}

async function read(path: string, encoding: "utf8"): Promise<string>;
async function read(path: string): Promise<Buffer>;
async function read(path: string, encoding?: "utf8"): Promise<string | Buffer> {
  try {
    return await readFile(path, encoding);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new AikoError(isMissing ? "FILE_NOT_FOUND" : "INVALID_FILE", {
      message: isMissing ? `There is no file ${path}` : `${path}: ${toAikoError(cause).message}`,
      hint: `A saved model is a folder with ${modelName} and ${weightsName}.`,
      cause,
    });
  }
}

async function writing(folder: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new AikoError("INVALID_FILE", {
      message: `Cannot save a model to ${folder}: ${toAikoError(cause).message}`,
      hint: `Name a folder that can be written; ${basename(folder)} is made where it is missing.`,
      cause,
    });
  }
}

function invalid(path: string, what: string): AikoError {
  return new AikoError("INVALID_FILE", { message: `${path} ${what}` });
}
