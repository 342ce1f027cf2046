import { parentPort } from "node:worker_threads";
import { loadFfi } from "../../core/ffi.ts";
import { bindFunctions } from "../../core/native.ts";
import { type Cublas, cublasSignatures } from "./cublas.ts";
import { type Cuda, cudaSignatures } from "./library.ts";
import type { DriverLibrary, DriverReply, DriverRequest } from "./thread.ts";

type Functions = Cuda | Cublas;

const koffi = await loadFfi();
const loaded = new Map<string, Functions>();

parentPort?.on("message", (request: DriverRequest) => {
  parentPort?.postMessage(answer(request));
});

function answer({ id, library, name, args }: DriverRequest): DriverReply {
  try {
    const functions = functionsOf(library) as unknown as Record<string, (...args: unknown[]) => number>;
    return { id, status: functions[name]?.(...args) ?? -1 };
  } catch (error) {
    return { id, failure: error instanceof Error ? error.message : String(error) };
  }
}

function functionsOf({ kind, path, before }: DriverLibrary): Functions {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  for (const other of before) loadIfPossible(other);
  const library = koffi.load(path);
  const functions: Functions =
    kind === "cuda"
      ? bindFunctions<Cuda>(library, cudaSignatures)
      : bindFunctions<Cublas>(library, cublasSignatures);
  loaded.set(path, functions);
  return functions;
}

function loadIfPossible(path: string): void {
  try {
    koffi.load(path);
  } catch {
    // What needs it says so.
  }
}
