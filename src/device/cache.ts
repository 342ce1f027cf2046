import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

const magic = Buffer.from("AIKO0001");
const digestBytes = 32;
const maxCacheBytes = 256 * 2 ** 20;

function platformCacheDirectory(): string {
  if (process.platform === "win32") return process.env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches");
  return process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
}

/** `AIKORYU_CACHE_DIR`, or `aikoryu/kernels` in the platform's cache directory. */
export function defaultCacheDirectory(): string {
  return process.env.AIKORYU_CACHE_DIR || join(platformCacheDirectory(), "aikoryu", "kernels");
}

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/**
 * Compiled kernels on disk. An entry is written whole or not at all, carries its own digest because drivers crash on
 * damaged binaries (PoCL 3.1 does), and a directory that cannot be used only means that nothing is cached.
 */
export class KernelCache {
  readonly directory: string;
  readonly #maxBytes: number;
  /** Of all entries, as far as this process knows; unknown before its first store. */
  #totalBytes: number | undefined;

  constructor(directory: string, maxBytes = maxCacheBytes) {
    this.directory = directory;
    this.#maxBytes = maxBytes;
  }

  key(parts: readonly string[]): string {
    return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  }

  async load(key: string): Promise<Uint8Array | undefined> {
    const path = this.#path(key);
    const file = await readFile(path).catch(() => undefined);
    if (file === undefined) return undefined;
    const payload = file.subarray(magic.byteLength + digestBytes);
    const intact =
      file.byteLength > magic.byteLength + digestBytes &&
      file.subarray(0, magic.byteLength).equals(magic) &&
      file.subarray(magic.byteLength, magic.byteLength + digestBytes).equals(digest(payload));
    if (!intact) {
      await rm(path, { force: true }).catch(() => {});
      return undefined;
    }
    const now = new Date();
    await utimes(path, now, now).catch(() => {});
    return payload;
  }

  async store(key: string, payload: Uint8Array): Promise<void> {
    const path = this.#path(key);
    const temporary = `${path}.${randomUUID()}`;
    try {
      await mkdir(this.directory, { recursive: true });
      const file = Buffer.concat([magic, digest(payload), payload]);
      await writeFile(temporary, file);
      await rename(temporary, path);
      if (this.#totalBytes !== undefined) this.#totalBytes += file.byteLength;
      if ((this.#totalBytes ?? Infinity) > this.#maxBytes) this.#totalBytes = await this.#prune();
    } catch {
      await rm(temporary, { force: true }).catch(() => {});
    }
  }

  #path(key: string): string {
    return join(this.directory, `${key}.bin`);
  }

  /** Removes the entries used longest ago until the rest fits; returns the bytes that stay. */
  async #prune(): Promise<number> {
    const names = (await readdir(this.directory)).filter((name) => /\.bin(\.|$)/.test(name));
    const entries: { path: string; size: number; mtimeMs: number }[] = [];
    for (const name of names) {
      const path = join(this.directory, name);
      const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }));
      entries.push({ path, size, mtimeMs });
    }
    let total = entries.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of entries.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (total <= this.#maxBytes) break;
      await rm(path, { force: true });
      total -= size;
    }
    return total;
  }
}
