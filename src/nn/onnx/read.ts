import type { FileHandle } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { nearbyFile } from "../../core/nearby-file.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import { readExternalData } from "./external.ts";
import { allocate, openRegular, readFully } from "./file.ts";
import type { OnnxModel } from "./model.ts";
import { parseModel, type Steps } from "./parse.ts";
import { validateModel } from "./validate.ts";
import { invalidFile } from "./wire.ts";

export interface ReadOptions {
  /** Whether data in other files is read, too, and not only checked to be there. Default true. */
  readonly externalData?: boolean | undefined;
}

export interface ReadModel {
  readonly model: OnnxModel;
  /** The file as it was read. Tensors of the model point into it: it must not be changed. */
  readonly bytes: Uint8Array;
  /** Where external data lies; absent where the model came as bytes. */
  readonly folder: string | undefined;
}

/**
 * Reads and checks an ONNX model from a file or from bytes, in pieces that leave the JavaScript thread free. Rejects with
 * FILE_NOT_FOUND; with INVALID_FILE, naming the node or tensor, for what is damaged, contradicts itself or refers to data
 * outside the model's folder; with UNSUPPORTED for a newer format than is known.
 */
export async function readModel(source: string | Uint8Array, options: ReadOptions = {}): Promise<ReadModel> {
  if (typeof source !== "string") return { ...(await parse(source, "The model")), folder: undefined };
  const { model, bytes } = await parse(await readBytes(source), basename(source));
  const folder = dirname(source);
  await named(source, () => readExternalData(model, folder, options.externalData ?? true));
  return { model, bytes, folder };
}

async function parse(bytes: Uint8Array, name: string): Promise<{ model: OnnxModel; bytes: Uint8Array }> {
  return named(name, async () => {
    refuseOtherFormats(bytes);
    const model = await inTurns(parseModel(bytes));
    await inTurns(validateModel(model));
    return { model, bytes };
  });
}

async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    while (isTurnLong()) await nextTurn();
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Errors begin with the file's name. */
async function named<T>(name: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof AikoError)) throw error;
    const { code, message, hint, cause } = error;
    throw new AikoError(code, { message: `${name}: ${message}`, hint, cause });
  }
}

/** What files that are no models begin with. */
const magics: readonly (readonly [prefix: string, what: string])[] = [
  ["GGUF", "a GGUF model"],
  ["PK\x03\x04", "a ZIP archive, such as PyTorch's own models and .npz files"],
  ["\x93NUMPY", "a .npy file"],
  ["\x89HDF", "an HDF5 file"],
  ["version https://git-lfs", "a Git LFS pointer: the model itself was not downloaded (git lfs pull)"],
  ["<!DOCTYPE", "a web page"],
  ["<html", "a web page"],
  ["{", "JSON"],
];

function refuseOtherFormats(bytes: Uint8Array): void {
  if (bytes.length === 0) throw invalidFile("It is empty");
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 32)).toString("latin1");
  const ort = head.startsWith("ORTM", 4) ? "a model in ONNX Runtime's own format" : undefined;
  const other = ort ?? magics.find(([prefix]) => head.startsWith(prefix))?.[1];
  if (other !== undefined) throw invalidFile(`It is not an ONNX model but ${other}`);
}

/** Protobuf's limit is 2 GiB, and so is Node's for one file: larger models keep their data in other files. */
const mostBytes = 2 ** 31 - 1;

async function readBytes(path: string): Promise<Uint8Array> {
  await using file = await openFile(path);
  const { size } = await file.stat();
  if (size > mostBytes) throw invalidFile(`${path} is larger than 2 GiB, the limit of the format`);
  const bytes = allocate(size);
  if (await readFully(file, bytes, 0)) return bytes;
  throw invalidFile(`${path} became shorter while it was read`);
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await openRegular(path);
  } catch (error) {
    if (error instanceof AikoError) throw error;
    const near = await nearbyFile(path);
    throw new AikoError("FILE_NOT_FOUND", {
      message: `${path} cannot be read`,
      hint: near === undefined ? undefined : `Did you mean ${near}?`,
      cause: error,
    });
  }
}
