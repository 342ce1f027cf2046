import type { FileHandle } from "node:fs/promises";
import { z } from "zod";
import { bytesOf } from "../../core/bytes.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import { append, openFile, writeWhole } from "../../matrix/whole-file.ts";
import type { Space } from "./space.ts";
import type { Snapshot } from "./store.ts";

/** One entry of a file: its vector as it was stored, in a row with room for `inner` numbers. */
export interface Entry {
  readonly name: string;
  readonly tags: readonly string[];
  readonly row: Float32Array;
  readonly length: number;
}

const magic = "AIKORYU ROUTER 1\n";
const headSchema = z.object({
  metric: z.string(),
  dimensions: z.number().int(),
  entries: z.number().int().min(0),
});
const partSchema = z.array(z.tuple([z.string().min(1), z.array(z.string())]));
/** Entries whose names stand together before their vectors. */
const partRows = 1024;
const mostTextBytes = 1 << 28;

/** A text, then a part after the other: names and tags as JSON, and vectors, little-endian f32. */
export async function writeRouter(path: string, snapshot: Snapshot, names: readonly string[]): Promise<void> {
  const { space, rows } = snapshot;
  const places = placesOf(snapshot);
  await writeWhole(path, async (file) => {
    const head = { metric: space.metric, dimensions: space.dimensions, entries: rows };
    await append(file, Buffer.from(magic), path, {});
    await append(file, sized(JSON.stringify(head)), path, {});
    for (let first = 0; first < rows; first += partRows) {
      while (isTurnLong()) await nextTurn();
      const part = names.slice(first, first + partRows).map((name) => places.get(name) ?? 0);
      const numbers = new Float32Array(part.length * space.dimensions);
      const entries = part.map((place, at) => {
        const block = snapshot.blocks[Math.floor(place / snapshot.blockRows)];
        const row = place % snapshot.blockRows;
        const start = row * space.inner;
        if (block !== undefined) {
          numbers.set(block.data.subarray(start, start + space.dimensions), at * space.dimensions);
        }
        return [block?.names[row], block?.tags[row]];
      });
      await append(file, sized(JSON.stringify(entries)), path, {});
      await append(file, bytesOf(numbers), path, {});
    }
  });
}

function placesOf({ blocks, blockRows }: Snapshot): Map<string, number> {
  const places = new Map<string, number>();
  for (const [at, { names }] of blocks.entries()) {
    for (const [row, name] of names.entries()) places.set(name, at * blockRows + row);
  }
  return places;
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Rejects with FILE_NOT_FOUND, and with INVALID_FILE for what is no file of a router with such vectors. */
export async function readRouter(path: string, space: Space): Promise<readonly Entry[]> {
  await using file = await openFile(path);
  const start = await taken(file, magic.length, path);
  if (start.toString("latin1") !== magic) throw invalid(path, "it is not the file of a router");
  const head = parsed(headSchema, await text(file, path), path);
  const { metric, dimensions } = space;
  if (head.metric !== metric || head.dimensions !== dimensions) {
    throw invalid(
      path,
      `it holds ${head.dimensions} dimensions for "${head.metric}", the router has ${dimensions} for "${metric}"`,
    );
  }
  const entries: Entry[] = [];
  const seen = new Set<string>();
  while (entries.length < head.entries) {
    while (isTurnLong()) await nextTurn();
    const part = parsed(partSchema, await text(file, path), path);
    if (part.length === 0 || entries.length + part.length > head.entries) {
      throw invalid(path, `it does not hold the ${head.entries} entries that it names`);
    }
    const bytes = await taken(file, part.length * dimensions * 4, path);
    for (const [at, [name, tags]] of part.entries()) {
      if (seen.has(name)) throw invalid(path, `"${name}" stands twice in it`);
      seen.add(name);
      const row = new Float32Array(space.inner);
      bytesOf(row).set(bytes.subarray(at * dimensions * 4, (at + 1) * dimensions * 4));
      let squares = 0;
      for (const value of row) squares += value ** 2;
      const length = Math.sqrt(squares);
      const fits = metric === "cosine" ? Math.abs(length - 1) < 1e-6 : length <= 1e18;
      if (!fits) throw invalid(path, `the vector of "${name}" has a length of ${length}`);
      entries.push({ name, tags, row, length: metric === "cosine" ? 1 : length });
    }
  }
  const { bytesRead } = await file.read(Buffer.alloc(1), 0, 1);
  if (bytesRead > 0) throw invalid(path, "something follows its last entry");
  return entries;
}

async function text(file: FileHandle, path: string): Promise<string> {
  const length = (await taken(file, 4, path)).readUInt32LE();
  if (length > mostTextBytes) throw invalid(path, `it claims a text of ${length} bytes`);
  return (await taken(file, length, path)).toString();
}

async function taken(file: FileHandle, length: number, path: string): Promise<Buffer> {
  const { size } = await file.stat();
  if (length > size) throw invalid(path, "it ends too early");
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at);
    if (bytesRead === 0) throw invalid(path, "it ends too early");
    at += bytesRead;
  }
  return bytes;
}

function parsed<T>(schema: z.ZodType<T>, json: string, path: string): T {
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    throw invalid(path, "its names cannot be read", cause);
  }
}

function invalid(path: string, why: string, cause?: unknown): AikoError {
  return new AikoError("INVALID_FILE", { message: `${path}: ${why}`, cause });
}
