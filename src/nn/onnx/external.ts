import { type FileHandle, open, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { formatBytes } from "../../core/bytes.ts";
import { AikoError } from "../../errors.ts";
import type { OnnxModel } from "./model.ts";
import { StoredTensor } from "./tensor.ts";
import { tensorsOf } from "./walk.ts";
import { invalidFile } from "./wire.ts";

/** Read at once, off the JavaScript thread. */
const pieceBytes = 64 << 20;

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
  const bytes = new Uint8Array(byteLength);
  for (let done = 0; done < byteLength; ) {
    const length = Math.min(pieceBytes, byteLength - done);
    const { bytesRead } = await file.read(bytes, done, length, offset + done);
    if (bytesRead === 0) throw invalidFile(`Tensor "${tensor.name}": its file became shorter`);
    done += bytesRead;
  }
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
  const file = await openRegular(path);
  if (file === undefined) throw refuse("is not a regular file");
  return file;
}

async function openRegular(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NONBLOCK = 0 } = (await import("node:fs")).constants;
  let file: FileHandle;
  try {
    file = await open(path, O_RDONLY | O_NONBLOCK);
  } catch (cause) {
    throw new AikoError("INVALID_FILE", { message: `${path} cannot be read`, cause });
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

/** The model's tensors with external data: initializers and attributes, of subgraphs and functions too. */
export function externalTensors(model: OnnxModel): StoredTensor[] {
  const found: StoredTensor[] = [];
  for (const tensor of tensorsOf(model)) {
    if (tensor instanceof StoredTensor && tensor.external !== undefined) found.push(tensor);
  }
  return found;
}
