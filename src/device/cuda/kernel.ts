import type { Handle, Pinned } from "../../core/native.ts";
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
  /** Where the flag is that ends runaway loops, when the kernel was translated with a watchdog. */
  readonly watchdog: number | undefined;
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
  /** The last argument, where the kernel takes one. */
  readonly watchdog: number | undefined;
  /** Count of the compute stream's last piece that launches it. */
  sequence = 0;
  readonly #target: BuildTarget;
  readonly #module: Handle;

  constructor(target: BuildTarget, module: LoadedModule, translation: Translation, label: string) {
    this.#target = target;
    this.#module = module.handle;
    this.handle = module.kernel;
    this.cached = module.cached;
    this.label = label;
    this.workgroupSize = translation.workgroupSize;
    this.watchdog = target.watchdog;
  }

  release(): void {
    const { library, release } = this.#target;
    release(this, () => library.cu.cuModuleUnload(this.#module));
  }
}

interface LoadedModule {
  readonly handle: Handle;
  readonly kernel: Handle;
  readonly cached: boolean;
}

function handleIn({ bytes }: Pinned): Handle {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
}

/** Loading runs the driver's own compiler for PTX. Resolves to the status and what that compiler said. */
export async function loadModule(
  { library, calls }: Pick<BuildTarget, "library" | "calls">,
  image: Uint8Array,
): Promise<{ readonly status: number; readonly module: Handle; readonly log: string }> {
  const source = library.pinned(image.byteLength);
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
  return { status, module: handleIn(memory), log: text.replace(/\0[\s\S]*$/, "").trim() };
}

/**
 * The kernel in a module, which is unloaded where it has none or none that this GPU can run in workgroups of that size.
 * The driver loads a kernel's code when it is first asked for it, so that this is done on the thread, too.
 */
async function kernelOf({ library, calls }: BuildTarget, module: Handle, translation: Translation) {
  const { kernelName, entryPoint, workgroupSize } = translation;
  const made = library.pinned(16);
  made.bytes.fill(0);
  try {
    const found = await calls.call("cuModuleGetFunction", [made.address, module, kernelName], made);
    check(found, `Finding ${kernelName} in its module`);
    const kernel = handleIn(made);
    const args = [made.address + 8, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, kernel];
    await calls.call("cuFuncGetAttribute", args, made);
    const most = new DataView(made.bytes.buffer, made.bytes.byteOffset).getInt32(8, true);
    const threads = workgroupSize.reduce((product, size) => product * size, 1);
    if (most === 0 || threads <= most) return kernel;
    throw new AikoError("UNSUPPORTED", {
      message: `${entryPoint} needs ${threads} threads a workgroup; as compiled for this device it can have ${most}`,
      hint: "Use a smaller @workgroup_size.",
    });
  } catch (error) {
    await calls.call("cuModuleUnload", [module]);
    throw error;
  }
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
  const finish = async (handle: Handle, cached: boolean) => {
    const kernel = await kernelOf(target, handle, translation);
    return new CudaProgram(target, { handle, kernel, cached }, translation, label);
  };
  const kept = key === undefined ? undefined : await cache?.load(key);
  if (kept !== undefined) {
    const { status, module } = await loadModule(target, kept);
    if (status === 0) return finish(module, true);
    if (!refusals.has(status)) throw statusError(status, `Loading ${label}`);
  }
  const compiled: Compiled = await compiler.compile({ code, options, capability, label });
  const { status, module, log } = await loadModule(target, compiled.image);
  if (refusals.has(status)) throw refused(target, label, status, log);
  check(status, `Loading ${label}`);
  const program = await finish(module, false);
  if (key !== undefined) await cache?.store(key, compiled.image);
  return program;
}
