import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { alignUp } from "../../../core/bytes.ts";
import { isTurnLong, nextTurn } from "../../../core/turn.ts";
import { AikoError, toAikoError } from "../../../errors.ts";
import { assertModel } from "./check.ts";
import { FileCursor } from "./cursor.ts";
import { type GgufTensorInfo, readTensor } from "./tensor.ts";
import {
  type GgufList,
  type GgufMetadata,
  type GgufScalar,
  readCount,
  readKey,
  readValue,
} from "./values.ts";

/** What a GGUF file says about itself. */
export interface GgufHeader {
  readonly path: string;
  readonly fileBytes: number;
  readonly modifiedAt: Date;
  readonly version: number;
  readonly metadata: GgufMetadata;
  readonly tensors: readonly GgufTensorInfo[];
  /** Where the numbers begin. */
  readonly dataStart: number;
}

const magic = 0x46554747;
const defaultAlignment = 32;
/** No file that is known comes near. */
const mostEntries = 100_000;
const leastEntryBytes = 13;
const leastTensorBytes = 8 + 4 + 8 + 4 + 8;

/**
 * Reads the header of a GGUF file, version 2 or 3, and checks that all it claims is there: llama.cpp ends the process on some
 * files that lie. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Rejects with INVALID_FILE, FILE_NOT_FOUND.
 */
export async function readGguf(path: string): Promise<GgufHeader> {
  const file = await openFile(path);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new AikoError("INVALID_FILE", { message: `${path} is not a regular file` });
    const header = await readHeader(new FileCursor(path, file, stat.size), stat.mtime);
    assertModel(header);
    return header;
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    throw toAikoError(cause, isMissing(cause) ? "FILE_NOT_FOUND" : "INVALID_FILE");
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

async function readHeader(cursor: FileCursor, modifiedAt: Date): Promise<GgufHeader> {
  await cursor.need(24, "its first bytes");
  if (cursor.take(4).readUInt32LE() !== magic) throw cursor.invalid('does not begin with "GGUF"');
  const version = cursor.take(4).readUInt32LE();
  if (version !== 2 && version !== 3) {
    throw cursor.invalid(`has the version ${version}`, "Versions 2 and 3, little-endian, are read.");
  }
  const tensorCount = await readCount(cursor, cursor.left / leastTensorBytes, "the number of tensors");
  const most = Math.min(mostEntries, cursor.left / leastEntryBytes);
  const entryCount = await readCount(cursor, most, "the number of metadata entries");
  const metadata = new Map<string, GgufScalar | GgufList>();
  for (let at = 0; at < entryCount; at++) {
    while (isTurnLong()) await nextTurn();
    const key = await readKey(cursor);
    if (metadata.has(key)) throw cursor.invalid(`has two values for ${key}`);
    metadata.set(key, await readValue(cursor, key));
  }
  const alignment = alignmentOf(cursor, metadata);
  const tensors: GgufTensorInfo[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (let at = 0; at < tensorCount; at++) {
    while (isTurnLong()) await nextTurn();
    const tensor = await readTensor(cursor);
    if (names.has(tensor.name)) throw cursor.invalid(`has two tensors with the name ${tensor.name}`);
    if (tensor.offset !== offset) {
      throw cursor.invalid(`places ${tensor.name} at ${tensor.offset} instead of ${offset}`);
    }
    names.add(tensor.name);
    offset += alignUp(tensor.bytes, alignment);
    tensors.push(tensor);
  }
  const dataStart = alignUp(cursor.position, alignment);
  const last = tensors.at(-1);
  const end = dataStart + (last === undefined ? 0 : last.offset + last.bytes);
  if (end > cursor.fileBytes) {
    throw cursor.invalid(
      `has ${cursor.fileBytes} bytes, and its tensors end at ${end}`,
      "It may not have been copied whole.",
    );
  }
  return {
    path: cursor.path,
    fileBytes: cursor.fileBytes,
    modifiedAt,
    version,
    metadata,
    tensors,
    dataStart,
  };
}

function alignmentOf(cursor: FileCursor, metadata: GgufMetadata): number {
  const value = metadata.get("general.alignment") ?? defaultAlignment;
  if (typeof value === "number" && value >= 1 && value <= 1 << 20 && (value & (value - 1)) === 0)
    return value;
  throw cursor.invalid("has an alignment that is no power of two");
}
