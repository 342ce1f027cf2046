import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { extname, join } from "node:path";

/** Files as columns, one row each. */
export interface ScannedFiles {
  readonly folder: string[];
  /** With the dot, in lower case; empty where there is none. */
  readonly extension: string[];
  readonly bytes: bigint[];
  readonly modified: Date[];
  /** The owner's user id. */
  readonly owner: number[];
  readonly isExecutable: boolean[];
}

/** System calls under way at the same time. */
const width = 32;

/**
 * Looks at files below a folder, until there are `most`. Folders that may not be read and files that vanish meanwhile are left out;
 * links are not followed.
 */
export async function scanFiles(
  root: string,
  most: number,
  onProgress: (files: number) => void,
): Promise<ScannedFiles> {
  const found: ScannedFiles = {
    folder: [],
    extension: [],
    bytes: [],
    modified: [],
    owner: [],
    isExecutable: [],
  };
  const folders = [root];
  while (folders.length > 0 && found.bytes.length < most) {
    const batch = folders.splice(Math.max(0, folders.length - width));
    const listed = await Promise.all(batch.map(list));
    const files: string[] = [];
    for (const [at, entries] of listed.entries()) {
      const folder = batch[at] ?? root;
      for (const entry of entries) {
        if (entry.isDirectory()) folders.push(join(folder, entry.name));
        else if (entry.isFile()) files.push(join(folder, entry.name));
      }
    }
    for (let at = 0; at < files.length; at += width) {
      await Promise.all(files.slice(at, at + width).map((file) => look(file, found)));
    }
    onProgress(found.bytes.length);
  }
  return found;
}

function list(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}

async function look(file: string, found: ScannedFiles): Promise<void> {
  const status = await lstat(file).catch(() => undefined);
  if (status === undefined) return;
  found.folder.push(file.slice(0, file.lastIndexOf("/")));
  found.extension.push(extname(file).toLowerCase());
  found.bytes.push(BigInt(status.size));
  found.modified.push(status.mtime);
  found.owner.push(status.uid);
  found.isExecutable.push((status.mode & 0o111) !== 0);
}
