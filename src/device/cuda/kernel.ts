import type { Handle } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
import type { Translation } from "../../wgsl/index.ts";
import type { Program } from "../base-kernel.ts";
import type { KernelCache } from "../cache.ts";
import { type Compiled, type Compiler, compilerName } from "./compiler.ts";
import type { CudaLibrary } from "./library.ts";
import { check, statusError, statusName } from "./status.ts";
import type { DriverThread } from "./thread.ts";

const CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 0;
const CU_JIT_ERROR_LOG_BUFFER = 5;
const CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6;
const jitLogBytes = 8192;

/** The driver refuses the image itself: it is of another version, another architecture, or damaged. */
const refusals = new Set([200, 209, 218, 221, 222, 223]);

/** What building a kernel needs of its device. */
export interface BuildTarget {
  readonly library: CudaLibrary;
  readonly calls: DriverThread;
  readonly compiler: Compiler;
  /** Compute capability: 90 for 9.0. */
  readonly capability: number;
  /** Whatever else a compiled kernel depends on. */
  readonly driver: string;
  readonly cache: KernelCache | undefined;
  /** Makes the context current. */
  readonly enter: () => void;
  /** Runs `unload` once nothing enqueued uses the program. */
  readonly release: (program: CudaProgram, unload: () => void) => void;
}

let programs = 0;

export class CudaProgram implements Program {
  /** Never used for another program. */
  readonly id = ++programs;
  readonly handle: Handle;
  readonly label: string;
  readonly cached: boolean;
  readonly workgroupSize: readonly [number, number, number];
  /** Count of the compute stream's last piece that launches it. */
  sequence = 0;
  readonly #target: BuildTarget;
  readonly #module: Handle;

  /** Takes over `module`. Throws UNSUPPORTED where the GPU cannot run workgroups of that size of it. */
  constructor(target: BuildTarget, module: Handle, translation: Translation, label: string, cached: boolean) {
    const { library } = target;
    target.enter();
    this.#target = target;
    this.#module = module;
    this.label = label;
    this.cached = cached;
    this.workgroupSize = translation.workgroupSize;
    const { kernelName } = translation;
    const found = library.cu.cuModuleGetFunction(library.slot(0), module, kernelName);
    this.handle = library.handleAt(0);
    if (found !== 0) library.cu.cuModuleUnload(module);
    check(found, `Finding ${kernelName} in ${label}`);
    library.cu.cuFuncGetAttribute(library.put(0, 0), CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, this.handle);
    const most = library.int32At(0);
    const threads = translation.workgroupSize.reduce((product, size) => product * size, 1);
    if (most > 0 && threads > most) {
      library.cu.cuModuleUnload(module);
      throw new AikoError("UNSUPPORTED", {
        message: `${translation.entryPoint} needs ${threads} threads a workgroup; as compiled for this device it can have ${most}`,
        hint: "Use a smaller @workgroup_size.",
      });
    }
  }

  release(): void {
    const { library, release } = this.#target;
    release(this, () => library.cu.cuModuleUnload(this.#module));
  }
}

/** Module loading runs the driver's own compiler for PTX. Resolves to the status and what that compiler said. */
async function load({ library, calls }: BuildTarget, image: Uint8Array) {
  const source = library.pin(new Uint8Array(Buffer.allocUnsafeSlow(image.byteLength).buffer));
  source.bytes.set(image);
  const memory = library.pinned(64 + jitLogBytes);
  memory.bytes.fill(0);
  const { buffer, byteOffset } = memory.bytes;
  new Int32Array(buffer, byteOffset + 8, 2).set([
    CU_JIT_ERROR_LOG_BUFFER,
    CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
  ]);
  const values = new BigUint64Array(buffer, byteOffset + 16, 2);
  values.set([BigInt(memory.address + 64), BigInt(jitLogBytes)]);
  const [options, optionValues] = [memory.address + 8, memory.address + 16];
  const args = [memory.address, source.address, 2, options, optionValues];
  const status = await calls.call("cuModuleLoadDataEx", args, [source, memory]);
  const text = Buffer.from(memory.bytes.subarray(64)).toString("latin1");
  const [module = 0n] = new BigUint64Array(buffer, byteOffset, 1);
  return { status, module: Number(module), log: text.replace(/\0[\s\S]*$/, "").trim() };
}

function refused({ compiler, driver }: BuildTarget, label: string, status: number, log: string): AikoError {
  const versions = `the driver (${driver}) does not accept what ${compilerName(compiler)} made of ${label}`;
  return new AikoError("COMPILE_FAILED", {
    message: `${versions}: ${statusName(status)}${log === "" ? "" : `\n${log}`}`,
    hint: "Update the NVIDIA driver, or install an NVRTC that it is made for; aikoryu doctor says which.",
  });
}

/** Compiles off the JavaScript thread, or takes what an earlier run compiled. Rejects with COMPILE_FAILED. */
export async function buildProgram(
  target: BuildTarget,
  translation: Translation,
  label: string,
): Promise<CudaProgram> {
  const { cache, compiler, capability, driver } = target;
  const { code, compilerOptions: options } = translation;
  const made = [compiler.kind, compiler.version.join("."), String(capability), driver];
  const key = cache?.key([code, ...options, ...made]);
  const kept = key === undefined ? undefined : await cache?.load(key);
  if (kept !== undefined) {
    const { status, module } = await load(target, kept);
    if (status === 0) return new CudaProgram(target, module, translation, label, true);
    if (!refusals.has(status)) throw statusError(status, `Loading ${label}`);
  }
  const compiled: Compiled = await compiler.compile({ code, options, capability, label });
  const { status, module, log } = await load(target, compiled.image);
  if (refusals.has(status)) throw refused(target, label, status, log);
  check(status, `Loading ${label}`);
  const program = new CudaProgram(target, module, translation, label, false);
  if (key !== undefined) await cache?.store(key, compiled.image);
  return program;
}
