import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { compileFunction } from "node:vm";
import type * as Core from "@tensorflow/tfjs-core";
import type * as ChainedMethods from "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js";
import type * as Layers from "@tensorflow/tfjs-layers";
import { nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";

/** TensorFlow.js as it is: tfjs-core and tfjs-layers in one object, as the package `@tensorflow/tfjs` has them. */
export type TensorFlowLibrary = typeof Core & typeof Layers & Pick<typeof ChainedMethods, never>;

const packages = [
  "@tensorflow/tfjs-core",
  "@tensorflow/tfjs-layers",
  "@tensorflow/tfjs-backend-webgpu",
  "@tensorflow/tfjs-backend-wasm",
] as const;
type Package = (typeof packages)[number] | "@tensorflow/tfjs-backend-cpu";

const here = createRequire(import.meta.url);

function missing(name: Package, cause: unknown): AikoError {
  return new AikoError("ENGINE_MISSING", {
    message: `TensorFlow.js is not complete: the optional package ${name} does not load: ${cause instanceof Error ? cause.message.split("\n")[0] : String(cause)}`,
    hint: `Install it: npm install ${packages.join(" ")}`,
    cause,
  });
}

/** One of TensorFlow.js's packages. Throws ENGINE_MISSING with the command that installs it. */
function load<T>(name: Package, require: NodeJS.Require = here): T {
  try {
    return require(name) as T;
  } catch (cause) {
    throw missing(name, cause);
  }
}

let library: TensorFlowLibrary | undefined;

/**
 * tfjs-core and tfjs-layers: the same copies that a program imports beside this one. Each holds the JavaScript thread for
 * about 30 ms, once. Rejects with ENGINE_MISSING.
 */
export async function loadLibrary(require?: NodeJS.Require): Promise<TensorFlowLibrary> {
  if (library !== undefined) return library;
  const core = load<typeof Core>("@tensorflow/tfjs-core", require);
  await nextTurn();
  const layers = load<typeof Layers>("@tensorflow/tfjs-layers", require);
  const all = { ...Object.getOwnPropertyDescriptors(core), ...Object.getOwnPropertyDescriptors(layers) };
  library = Object.defineProperties({}, all) as TensorFlowLibrary;
  return library;
}

export interface WasmPackage {
  setWasmPaths(folder: string): void;
}

/** The WASM backend, told where its files are. Throws ENGINE_MISSING. */
export function loadWasmBackend(): WasmPackage {
  const name = "@tensorflow/tfjs-backend-wasm";
  const wasm = load<WasmPackage>(name);
  const folder = dirname(here.resolve(name));
  const file = join(folder, "tfjs-backend-wasm-simd.wasm");
  if (!existsSync(file)) throw missing(name, `${file} is not there`);
  wasm.setWasmPaths(`${folder}/`);
  // It depends on the CPU backend.
  load("@tensorflow/tfjs-backend-cpu", createRequire(here.resolve(name)));
  return wasm;
}

/**
 * The WebGPU backend. It asks the global `navigator` whether there is WebGPU and tells buffers by the global `GPUBuffer`;
 * both exist for it alone: its text is compiled as a function that has them as parameters, so that no global is touched.
 * Throws ENGINE_MISSING.
 */
export function loadWebGpuBackend<T>(webgpu: Readonly<Record<string, unknown>>): T {
  const name = "@tensorflow/tfjs-backend-webgpu";
  try {
    const path = here.resolve(name);
    const navigator = { gpu: {} };
    const scope = {
      navigator,
      globalThis: Object.create(globalThis, { navigator: { value: navigator } }),
      ...webgpu,
    };
    const module = { exports: {} };
    const parameters = ["exports", "require", "module", "__filename", "__dirname"];
    const body = readFileSync(path, "utf8");
    const define = compileFunction(body, [...parameters, ...Object.keys(scope)], { filename: path });
    define(module.exports, createRequire(path), module, path, dirname(path), ...Object.values(scope));
    return module.exports as T;
  } catch (cause) {
    throw missing(name, cause);
  }
}
