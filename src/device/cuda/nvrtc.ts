import { loadFfi, loadLibrary } from "../../core/ffi.ts";
import {
  bindFunctions,
  type Call,
  callAsync,
  type Handle,
  NativeMemory,
  type Signatures,
} from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
import { type Compiled, type Compiler, compileFailed, type Source, targetFor } from "./compiler.ts";
import { companionsOf } from "./search.ts";

/** The functions in use of NVRTC, CUDA's compiler as a library. All but the last return an nvrtcResult. */
interface Nvrtc {
  readonly nvrtcVersion: Call<[major: Handle, minor: Handle], number>;
  readonly nvrtcGetNumSupportedArchs: Call<[Handle], number>;
  readonly nvrtcGetSupportedArchs: Call<[Handle], number>;
  readonly nvrtcCreateProgram: Call<
    [Handle, source: Handle, name: string, headers: number, texts: Handle, names: Handle],
    number
  >;
  readonly nvrtcCompileProgram: Call<[Handle, options: number, Handle], number>;
  readonly nvrtcGetProgramLogSize: Call<[Handle, Handle], number>;
  readonly nvrtcGetProgramLog: Call<[Handle, Handle], number>;
  readonly nvrtcGetCUBINSize: Call<[Handle, Handle], number>;
  readonly nvrtcGetCUBIN: Call<[Handle, Handle], number>;
  readonly nvrtcGetPTXSize: Call<[Handle, Handle], number>;
  readonly nvrtcGetPTX: Call<[Handle, Handle], number>;
  readonly nvrtcDestroyProgram: Call<[Handle], number>;
  readonly nvrtcGetErrorString: Call<[result: number], string>;
}

const [I, P] = ["int32", "uint64"];

/** https://docs.nvidia.com/cuda/nvrtc; the functions for compiled code came with 11.2. */
const signatures: Signatures<Nvrtc> = {
  nvrtcVersion: [I, P, P],
  nvrtcGetNumSupportedArchs: [I, P],
  nvrtcGetSupportedArchs: [I, P],
  nvrtcCreateProgram: [I, P, P, "str", I, P, P],
  nvrtcCompileProgram: [I, P, I, P],
  nvrtcGetProgramLogSize: [I, P, P],
  nvrtcGetProgramLog: [I, P, P],
  nvrtcGetCUBINSize: [I, P, P],
  nvrtcGetCUBIN: [I, P, P],
  nvrtcGetPTXSize: [I, P, P],
  nvrtcGetPTX: [I, P, P],
  nvrtcDestroyProgram: [I, P],
  nvrtcGetErrorString: ["str", I],
};

/** Compiles at a time: each holds one of libuv's four threads. */
const maxCompiles = 2;
let compiles = 0;
const queued: (() => void)[] = [];

async function inTurn<T>(task: () => Promise<T>): Promise<T> {
  if (compiles >= maxCompiles) await new Promise<void>((resolve) => queued.push(resolve));
  else compiles++;
  try {
    return await task();
  } finally {
    const next = queued.shift();
    if (next === undefined) compiles--;
    else next();
  }
}

/** Loads NVRTC. Rejects with UNSUPPORTED where it does not load or is older than 11.2. */
export async function loadNvrtc(path: string): Promise<Compiler> {
  const koffi = await loadFfi();
  try {
    for (const companion of await companionsOf("nvrtc", path))
      await loadLibrary(koffi, companion).catch(() => {});
    const library = await loadLibrary(koffi, path);
    return new NvrtcCompiler(bindFunctions(library, signatures), new NativeMemory(koffi), path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AikoError("UNSUPPORTED", { message: `${path} does not load: ${reason}` });
  }
}

class NvrtcCompiler implements Compiler {
  readonly kind = "NVRTC";
  readonly path: string;
  readonly version: readonly [major: number, minor: number];
  readonly architectures: readonly number[];
  readonly #nvrtc: Nvrtc;
  readonly #memory: NativeMemory;

  constructor(nvrtc: Nvrtc, memory: NativeMemory, path: string) {
    this.#nvrtc = nvrtc;
    this.#memory = memory;
    this.path = path;
    this.#check(nvrtc.nvrtcVersion(memory.slot(0), memory.slot(1)), "Asking NVRTC for its version");
    this.version = [memory.int32At(0), memory.int32At(1)];
    this.#check(nvrtc.nvrtcGetNumSupportedArchs(memory.slot(0)), "Asking NVRTC for its architectures");
    const list = memory.pinned(Math.max(1, memory.int32At(0)) * 4);
    this.#check(nvrtc.nvrtcGetSupportedArchs(list.address), "Asking NVRTC for its architectures");
    const { buffer, byteOffset } = list.bytes;
    this.architectures = [...new Int32Array(buffer, byteOffset, memory.int32At(0))];
  }

  compile(source: Source): Promise<Compiled> {
    return inTurn(() => this.#compile(source));
  }

  async #compile({ code, options, capability, label }: Source): Promise<Compiled> {
    const target = targetFor(capability, this.architectures);
    if (target === undefined) throw compileFailed(this, label, `it compiles for nothing older than the GPU`);
    const memory = this.#memory;
    const text = memory.pin(Buffer.from(`${code}\0`));
    const created = this.#nvrtc.nvrtcCreateProgram(memory.slot(0), text.address, `${label}.cu`, 0, 0, 0);
    this.#check(created, "Creating a program");
    const program = memory.handleAt(0);
    try {
      const all = [`--gpu-architecture=${target.architecture}`, ...options];
      const list = optionList(memory, all);
      const compile = this.#nvrtc.nvrtcCompileProgram;
      const status = await callAsync(compile, [list, text], program, all.length, list.address);
      if (status !== 0) {
        const name = this.#nvrtc.nvrtcGetErrorString(status);
        throw compileFailed(this, label, `${name}\n${this.#log(program)}`);
      }
      return { format: target.format, image: this.#image(program, target.format) };
    } finally {
      this.#nvrtc.nvrtcDestroyProgram(memory.put(0, program));
    }
  }

  #image(program: Handle, format: Compiled["format"]): Uint8Array {
    const { nvrtcGetCUBINSize, nvrtcGetCUBIN, nvrtcGetPTXSize, nvrtcGetPTX } = this.#nvrtc;
    return format === "cubin"
      ? this.#bytes(program, nvrtcGetCUBINSize, nvrtcGetCUBIN)
      : this.#bytes(program, nvrtcGetPTXSize, nvrtcGetPTX);
  }

  #log(program: Handle): string {
    const { nvrtcGetProgramLogSize, nvrtcGetProgramLog } = this.#nvrtc;
    const bytes = this.#bytes(program, nvrtcGetProgramLogSize, nvrtcGetProgramLog);
    return Buffer.from(bytes).toString("utf8").replace(/\0+$/, "");
  }

  #bytes(
    program: Handle,
    sizeOf: (program: Handle, size: Handle) => number,
    get: (program: Handle, bytes: Handle) => number,
  ): Uint8Array {
    this.#check(sizeOf(program, this.#memory.slot(0)), "Asking for a result's size");
    const memory = this.#memory.pinned(Math.max(1, Number(this.#memory.slots[0])));
    this.#check(get(program, memory.address), "Asking for a result");
    return memory.bytes;
  }

  #check(status: number, action: string): void {
    if (status === 0) return;
    const name = this.#nvrtc.nvrtcGetErrorString(status);
    throw new AikoError("INTERNAL", { message: `${action} failed: ${name}` });
  }
}

/** A `const char* const*`; the strings follow the table. */
function optionList(memory: NativeMemory, options: readonly string[]) {
  const texts = options.map((option) => Buffer.from(`${option}\0`));
  const tableBytes = options.length * 8;
  const list = memory.pinned(tableBytes + texts.reduce((sum, text) => sum + text.byteLength, 0));
  const table = new BigUint64Array(list.bytes.buffer, list.bytes.byteOffset, options.length);
  let at = tableBytes;
  for (const [index, text] of texts.entries()) {
    table[index] = BigInt(list.address + at);
    list.bytes.set(text, at);
    at += text.byteLength;
  }
  return list;
}
