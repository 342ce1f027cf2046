import { type FileHandle, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { formatBytes } from "../../core/bytes.ts";
import { AikoError } from "../../errors.ts";
import { allocate, openRegular, readFully } from "./file.ts";
import type { OnnxModel } from "./model.ts";
import { StoredTensor } from "./tensor.ts";
import { tensorsOf } from "./walk.ts";
import { invalidFile } from "./wire.ts";

/**
 * Reads the external data of a model's tensors from the model's folder. Rejects with INVALID_FILE, naming the tensor,
 * for a place outside the folder, a file that is missing or too short, or something that is no regular file.
 */
export async function readExternalData(model: OnnxModel, folder: string, readsData: boolean): Promise<void> {
  const files = new Map<string, FileHandle>();
  try {
    for (const tensor of externalTensors(model)) {
      const { external } = tensor;
      if (external === undefined) continue;
      const file = files.get(external.location) ?? (await openInside(folder, external.location, tensor.name));
      files.set(external.location, file);
      await read(tensor, external.offset, file, readsData);
    }
  } finally {
    for (const file of files.values()) await file.close();
  }
}

async function read(
  tensor: StoredTensor,
  offset: number,
  file: FileHandle,
  readsData: boolean,
): Promise<void> {
  const { size } = await file.stat();
  const { byteLength } = tensor;
  if (offset + byteLength > size) {
    throw invalidFile(
      `Tensor "${tensor.name}" needs ${byteLength} bytes at ${offset} of ${JSON.stringify(tensor.external?.location)}, which has ${formatBytes(size)}`,
    );
  }
  if (!readsData) return;
  const bytes = allocate(byteLength);
  if (!(await readFully(file, bytes, offset)))
    throw invalidFile(`Tensor "${tensor.name}": its file became shorter`);
  tensor.fill(bytes);
}

/** Opens a file of the model's folder, where links may not lead out of it either. */
async function openInside(folder: string, location: string, tensor: string): Promise<FileHandle> {
  const refuse = (why: string) =>
    invalidFile(
      `Tensor "${tensor}": its external data ${JSON.stringify(location)} ${why}`,
      "Keep the data file beside the model.",
    );
  if (isAbsolute(location) || /^[A-Za-z]:/.test(location) || location.includes("\0"))
    throw refuse("is an absolute path");
  if (location.split(/[\\/]/).includes("..")) throw refuse("leads outside the model's folder");
  const root = await realpath(folder);
  const path = await realpath(join(root, location)).catch(() => undefined);
  if (path === undefined) throw refuse("is missing");
  const inside = relative(root, path);
  if (inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside))
    throw refuse("leads outside the model's folder");
  return openRegular(path).catch((cause) => {
    throw refuse(cause instanceof AikoError ? "is not a regular file" : "cannot be read");
  });
}

/** The model's tensors with external data: initializers and attributes, of subgraphs and functions too. */
export function externalTensors(model: OnnxModel): StoredTensor[] {
  const found: StoredTensor[] = [];
  for (const tensor of tensorsOf(model)) {
    if (tensor instanceof StoredTensor && tensor.external !== undefined) found.push(tensor);
  }
  return found;
}
