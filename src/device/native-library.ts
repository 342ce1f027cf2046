import type { LibraryHandle } from "koffi";
import { type Koffi, loadFfi, loadLibrary } from "../core/ffi.ts";
import { AikoError } from "../errors.ts";

/** Makes of a loaded library what its users call. Throws where a function is missing. */
export type Bind<T> = (koffi: Koffi, library: LibraryHandle, path: string) => T;

/**
 * A function that loads the first library of several paths, once for the same paths. It rejects with UNSUPPORTED, naming
 * what was wrong with each.
 */
export function libraryLoader<T>(bind: Bind<T>): (paths: readonly string[]) => Promise<T> {
  const loaded = new Map<string, Promise<T>>();
  return (paths) => {
    const key = paths.join("|");
    let library = loaded.get(key);
    if (library === undefined) {
      library = loadFirst(paths, bind);
      loaded.set(key, library);
      library.catch(() => loaded.delete(key));
    }
    return library;
  };
}

async function loadFirst<T>(paths: readonly string[], bind: Bind<T>): Promise<T> {
  const koffi = await loadFfi();
  const reasons: string[] = [];
  for (const path of paths) {
    try {
      return bind(koffi, await loadLibrary(koffi, path), path);
    } catch (error) {
      reasons.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new AikoError("UNSUPPORTED", { message: reasons.join("; ") });
}
