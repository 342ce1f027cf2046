import { loadWasmBackend, type TensorFlowLibrary } from "./library.ts";

let factory: ReturnType<TensorFlowLibrary["findBackendFactory"]> | undefined;

/** Registers the WASM backend, also again after it was removed: its package does so only once. */
export function registerWasm(tf: TensorFlowLibrary): void {
  loadWasmBackend();
  factory ??= tf.findBackendFactory("wasm");
  if (!tf.findBackendFactory("wasm")) tf.registerBackend("wasm", factory);
}
