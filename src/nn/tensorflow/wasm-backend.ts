import { loadWasmBackend, type TensorFlowLibrary } from "./library.ts";
import { fillGaps } from "./wasm-gaps.ts";

let factory: ReturnType<TensorFlowLibrary["findBackendFactory"]> | undefined;

/** Starts the WASM backend, also again after it was removed: its package registers it only once. */
export async function startWasm(tf: TensorFlowLibrary): Promise<boolean> {
  loadWasmBackend();
  factory ??= tf.findBackendFactory("wasm");
  if (!tf.findBackendFactory("wasm")) tf.registerBackend("wasm", factory);
  fillGaps(tf);
  const started = await tf.setBackend("wasm");
  removeHandlers();
  return started;
}

/**
 * Emscripten's start takes over the process's last resorts: its handlers throw again what reaches them, and end a program
 * that has handlers of its own.
 */
function removeHandlers(): void {
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    for (const listener of process.listeners(event as "uncaughtException")) {
      const text = listener.toString();
      const isEmscripten =
        text.includes("instanceof ExitStatus") || /^function \(reason\) \{ throw reason; \}$/.test(text);
      if (isEmscripten) process.removeListener(event, listener);
    }
  }
}
