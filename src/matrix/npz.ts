import { bytesOf } from "../core/bytes.ts";
import { suggest } from "../core/suggest.ts";
import { isTurnLong, nextTurn } from "../core/turn.ts";
import { AikoError } from "../errors.ts";
import type { AnyMatrix, Matrix } from "./matrix.ts";
import { type ByteSource, type ReadOptions, readNpyFrom } from "./npy.ts";
import { formatHeader, invalidFile } from "./npy-header.ts";
import { type FileOptions, openFile, writeWhole } from "./whole-file.ts";
import { readDirectory, readEntry, type ZipEntry } from "./zip-read.ts";
import { ZipWriter } from "./zip-write.ts";

export interface ReadNpzOptions extends ReadOptions {
  /** Only these arrays. Default: all of them. */
  readonly names?: readonly string[] | undefined;
}

export interface WriteNpzOptions extends FileOptions {
  /** Deflates the arrays, as numpy.savez_compressed does. Default false. */
  readonly compress?: boolean | undefined;
}

const suffix = ".npy";
const copyPiece = 1 << 20;

/**
 * Reads the arrays of a NumPy archive (`numpy.savez`, `numpy.savez_compressed`) by their names; see `readNpy` for each.
 * Rejects with INVALID_FILE, naming the array, for what is damaged, truncated, encrypted, ZIP64 or no array; with
 * INVALID_ARGUMENT for a name that is not there.
 */
export async function readNpz(
  path: string,
  options: ReadNpzOptions & { readonly dtype: "stored" },
): Promise<Record<string, AnyMatrix>>;
export async function readNpz(path: string, options?: ReadNpzOptions): Promise<Record<string, Matrix>>;
export async function readNpz(
  path: string,
  options: ReadNpzOptions = {},
): Promise<Record<string, AnyMatrix>> {
  await using file = await openFile(path);
  const entries = arraysOf(await readDirectory(file, path), path);
  const found: [string, AnyMatrix][] = [];
  for (const name of options.names ?? entries.keys()) {
    const entry = entries.get(name);
    if (entry === undefined) throw noSuchArray(name, [...entries.keys()], path);
    const bytes = await readEntry(file, entry, path, options);
    found.push([name, await readNpyFrom(memorySource(`${path}[${JSON.stringify(name)}]`, bytes), options)]);
  }
  return Object.fromEntries(found);
}

/**
 * Writes matrices as a NumPy archive, each in its own element type. The file appears whole or not at all. Rejects with
 * FILE_NOT_FOUND, UNSUPPORTED (bf16; 4 GiB and more), INVALID_ARGUMENT for a name that no archive can hold, and ABORTED.
 */
export async function writeNpz(
  path: string,
  matrices: Readonly<Record<string, AnyMatrix>>,
  options: WriteNpzOptions = {},
): Promise<void> {
  for (const name of Object.keys(matrices)) assertName(name);
  await writeWhole(path, async (file) => {
    const zip = new ZipWriter(file, path, options);
    for (const [name, matrix] of Object.entries(matrices)) {
      const header = formatHeader(matrix.shape, matrix.dtype);
      await zip.add(`${name}${suffix}`, [header, bytesOf(await matrix.read())]);
    }
    await zip.finish();
  });
}

function arraysOf(entries: readonly ZipEntry[], path: string): Map<string, ZipEntry> {
  return new Map(
    entries.map((entry) => {
      if (entry.name.endsWith(suffix)) return [entry.name.slice(0, -suffix.length), entry];
      throw invalidFile(
        path,
        `its entry ${JSON.stringify(entry.name)} is no array`,
        "numpy.savez writes such archives.",
      );
    }),
  );
}

function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    bytes,
    byteLength: bytes.byteLength,
    async read(target, position) {
      for (let done = 0; done < target.byteLength; done += copyPiece) {
        while (isTurnLong()) await nextTurn();
        const end = Math.min(done + copyPiece, target.byteLength);
        target.set(bytes.subarray(position + done, position + end), done);
      }
    },
  };
}

function noSuchArray(name: string, names: readonly string[], path: string): AikoError {
  const near = suggest(name, names);
  return new AikoError("INVALID_ARGUMENT", {
    message: `${path} has no array ${JSON.stringify(name)}`,
    hint:
      near === undefined
        ? `It has: ${names.slice(0, 20).join(", ")}.`
        : `Did you mean ${JSON.stringify(near)}?`,
  });
}

function assertName(name: string): void {
  const isPath = /^[/\\]|\\|\0|^[a-z]:/i.test(name) || name.split("/").includes("..");
  if (name !== "" && !isPath && Buffer.byteLength(name) < 0xff00) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `An array of an archive cannot be named ${JSON.stringify(name.slice(0, 80))}`,
    hint: "Use names without backslashes and dots in a row.",
  });
}
