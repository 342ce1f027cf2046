import { readdir, stat } from "node:fs/promises";
import { basename, isAbsolute, join, relative, resolve, sep } from "node:path";
import { suggest } from "../../core/suggest.ts";
import { AikoError } from "../../errors.ts";
import type { LlamaSettings } from "./options.ts";

const suffix = ".gguf";
const mostFiles = 10_000;
const mostDepth = 4;
/** A model in several files is opened by its first. */
const laterPart = /-(?!0*1-of-)\d+-of-\d+\.gguf$/i;

export interface ModelFile {
  readonly name: string;
  readonly path: string;
}

/** Finds models: files in folders, by their names there, and any file by its path. */
export class Catalog {
  readonly #folders: readonly string[];
  readonly #paths: boolean;

  constructor({ folders, paths }: Pick<LlamaSettings, "folders" | "paths">) {
    this.#folders = folders.map((folder) => resolve(folder));
    this.#paths = paths;
  }

  /** What the folders hold, by name; of two with one name the first folder's. */
  async list(): Promise<readonly ModelFile[]> {
    const files = new Map<string, ModelFile>();
    for (const folder of this.#folders) {
      for (const path of await filesIn(folder, 0)) {
        const name = relative(folder, path).slice(0, -suffix.length).split(sep).join("/");
        if (!files.has(name)) files.set(name, { name, path });
      }
    }
    return [...files.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Rejects with MODEL_NOT_FOUND. */
  async find(model: string): Promise<ModelFile> {
    const isPath = model.toLowerCase().endsWith(suffix) && (isAbsolute(model) || /[/\\]/.test(model));
    if (isPath && this.#paths && (await isFile(model))) {
      return { name: basename(model).slice(0, -suffix.length), path: resolve(model) };
    }
    const wanted = model.toLowerCase().endsWith(suffix) ? model.slice(0, -suffix.length) : model;
    const files = await this.list();
    const names = [wanted, wanted.replace(/:latest$/, "")];
    const found = files.find(({ name }) => names.includes(name));
    if (found !== undefined) return found;
    throw this.#missing(
      model,
      files.map(({ name }) => name),
    );
  }

  #missing(model: string, names: readonly string[]): AikoError {
    const near = suggest(model, names);
    const where = this.#folders.length === 0 ? "no folder of models is set" : this.#folders.join(", ");
    return new AikoError("MODEL_NOT_FOUND", {
      message: `There is no model ${JSON.stringify(model)} (${where})`,
      hint:
        near === undefined
          ? "Pass the path of a GGUF file, or set AIKORYU_MODELS to a folder with GGUF files."
          : `Did you mean ${JSON.stringify(near)}?`,
    });
  }
}

async function filesIn(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries.slice(0, mostFiles)) {
    const path = join(folder, entry.name);
    const isModel = entry.name.toLowerCase().endsWith(suffix) && !laterPart.test(entry.name);
    if (isModel && (entry.isFile() || (entry.isSymbolicLink() && (await isFile(path))))) found.push(path);
    else if (entry.isDirectory() && depth < mostDepth) found.push(...(await filesIn(path, depth + 1)));
  }
  return found;
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
