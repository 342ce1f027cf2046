import { readFile } from "node:fs/promises";
import type { LibraryHandle } from "koffi";

export type Koffi = typeof import("koffi");

/**
 * koffi runs native code of an asynchronous call on a stack of its own, 128 KiB by default. ONNX Runtime's matrix
 * product overflows 64 KiB, and a driver's compiler needs far more. Pages are only touched when used.
 */
const asyncStackBytes = 8 << 20;

let loading: Promise<Koffi> | undefined;

/** The one way to koffi: it accepts settings only before its first library is loaded. */
export function loadFfi(): Promise<Koffi> {
  loading ??= import("koffi").then((module) => {
    const koffi: Koffi = module;
    try {
      koffi.config({ async_stack_size: asyncStackBytes });
    } catch {
      // Somebody else loaded a library first: ffiStackBytes tells how much there is.
    }
    return koffi;
  });
  return loading;
}

/** Stack of an asynchronous native call, in bytes. */
export function ffiStackBytes(koffi: Koffi): number {
  return koffi.config().async_stack_size ?? 0;
}

/**
 * Loads a native library without stopping JavaScript while its pages come from disk (23 ms for ONNX Runtime from a
 * cold cache, 2 ms from a warm one). `dlopen` is called first, off the thread; koffi's own load then finds it mapped.
 */
export async function loadLibrary(koffi: Koffi, path: string): Promise<LibraryHandle> {
  if (process.platform !== "win32") {
    const now = 2;
    const dlopen = koffi.load(null).func("dlopen", "void *", ["str", "int"]);
    await new Promise((resolve) => dlopen.async(path, now, resolve));
  }
  return koffi.load(path);
}

/** The file that a loaded library came from, where the system tells: Linux does. `name` begins the file's name. */
export async function loadedFrom(name: string): Promise<string | undefined> {
  const maps = await readFile("/proc/self/maps", "utf8").catch(() => "");
  const lines = maps.split("\n").map((line) => line.slice(line.indexOf("/")));
  return lines.find((path) => path.startsWith("/") && path.slice(path.lastIndexOf("/") + 1).startsWith(name));
}
