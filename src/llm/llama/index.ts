import { AikoError } from "../../errors.ts";
import type { Provider } from "../provider.ts";
import { type LlamaOptions, settingsOf } from "./options.ts";
import { LlamaProvider } from "./provider.ts";

export { type GgufHeader, readGguf } from "./gguf/index.ts";
export type { GpuMemory, LlamaOptions } from "./options.ts";

/**
 * A provider that runs GGUF files with llama.cpp in a process of its own. Nothing is loaded before the first call. Throws
 * ENGINE_MISSING where node-llama-cpp is not installed, and INVALID_ARGUMENT for an option that is none; the first call
 * rejects with ENGINE_MISSING where the package has no binary for this machine.
 */
export function openLlama(options: LlamaOptions = {}): Provider {
  const settings = settingsOf(options);
  if (hasLlama()) return new LlamaProvider(settings);
  throw new AikoError("ENGINE_MISSING", {
    message: "The package node-llama-cpp, which the embedded engine needs, is not installed",
    hint: "Run: npm install node-llama-cpp",
  });
}

/** Whether the package that the embedded engine needs is installed. */
export function hasLlama(): boolean {
  try {
    return import.meta.resolve("node-llama-cpp") !== "";
  } catch {
    return false;
  }
}
