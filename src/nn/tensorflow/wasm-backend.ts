import { loadWasmBackend, type TensorFlowLibrary } from "./library.ts";

const events = ["uncaughtException", "unhandledRejection"] as const;

/** Starts the WASM backend. Emscripten's start installs process-wide handlers of its own, which are taken off again. */
export async function registerWasm(tf: TensorFlowLibrary): Promise<void> {
  const before = events.map((event) => new Set(process.listeners(event as "uncaughtException")));
  loadWasmBackend();
  if (tf.findBackendFactory("wasm") === null) {
    // Disposed earlier: the package registers itself only once.
    throw new Error("todo");
  }
  await tf.setBackend("wasm");
  events.forEach((event, at) => {
    for (const listener of process.listeners(event as "uncaughtException")) {
      if (!before[at]?.has(listener)) process.off(event, listener);
    }
  });
}
