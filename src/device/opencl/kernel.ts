import { AikoError } from "../../errors.ts";
import type { Translation } from "../../wgsl/index.ts";
import type { Program } from "../base-kernel.ts";
import type { KernelCache } from "../cache.ts";
import type { MemoryArgument } from "./buffer.ts";
import { buildInfo } from "./info.ts";
import { callAsync, type Handle, type Library } from "./library.ts";
import { check, statusName } from "./status.ts";

const CL_PROGRAM_BINARY_SIZES = 0x1165;
const CL_PROGRAM_BINARIES = 0x1166;
const CL_PROGRAM_BUILD_LOG = 0x1183;
const CL_KERNEL_WORK_GROUP_SIZE = 0x11b0;

/** What building a kernel needs of its device. */
export interface BuildTarget {
  readonly library: Library;
  readonly context: Handle;
  readonly device: Handle;
  readonly options: string;
  /** Whatever else a compiled kernel depends on. */
  readonly driver: string;
  readonly cache: KernelCache | undefined;
  /** Raised to end runaway loops, when the kernel was translated with a watchdog. */
  readonly watchdog: MemoryArgument | undefined;
}

/** A kernel object and the arguments it holds, so that unchanged ones are not set again. */
export class OpenClProgram implements Program {
  readonly handle: Handle;
  readonly cached: boolean;
  readonly workgroupSize: readonly [number, number, number];
  readonly #library: Library;
  readonly #program: Handle;
  readonly #memory: (MemoryArgument | undefined)[] = [];
  readonly #counts: number[] = [];

  constructor(target: BuildTarget, program: Handle, translation: Translation, cached: boolean) {
    const { library, device } = target;
    this.handle = library.cl.clCreateKernel(program, translation.kernelName, library.slot(0));
    check(library.int32At(0), `Creating kernel ${translation.kernelName}`);
    this.#library = library;
    this.#program = program;
    this.cached = cached;
    this.workgroupSize = translation.workgroupSize;
    library.put(1, 0);
    library.cl.clGetKernelWorkGroupInfo(
      this.handle,
      device,
      CL_KERNEL_WORK_GROUP_SIZE,
      8,
      library.slot(1),
      0,
    );
    const threads = translation.workgroupSize.reduce((product, size) => product * size, 1);
    const most = Number(library.slots[1]);
    if (most > 0 && threads > most) {
      this.release();
      throw new AikoError("UNSUPPORTED", {
        message: `${translation.entryPoint} needs ${threads} threads a workgroup; as compiled for this device it can have ${most}`,
        hint: "Use a smaller @workgroup_size.",
      });
    }
    if (target.watchdog !== undefined) {
      const counts = translation.bindings.filter((binding) => binding.elementStride !== undefined).length;
      this.setMemory(translation.bindings.length + counts, target.watchdog);
    }
  }

  setMemory(index: number, memory: MemoryArgument): void {
    if (this.#memory[index] === memory) return;
    const address = this.#library.put(0, memory.handle);
    check(
      this.#library.cl.clSetKernelArg(this.handle, index, 8, address),
      `Setting kernel argument ${index}`,
    );
    this.#memory[index] = memory;
  }

  setCount(index: number, count: number): void {
    if (this.#counts[index] === count) return;
    const address = this.#library.put(0, count);
    check(
      this.#library.cl.clSetKernelArg(this.handle, index, 4, address),
      `Setting kernel argument ${index}`,
    );
    this.#counts[index] = count;
  }

  release(): void {
    this.#library.cl.clReleaseKernel(this.handle);
    this.#library.cl.clReleaseProgram(this.#program);
  }
}

/** Builds at a time: each holds one of libuv's four threads for up to a second. */
const maxBuilds = 2;
let builds = 0;
const queued: (() => void)[] = [];

async function inTurn<T>(task: () => Promise<T>): Promise<T> {
  if (builds >= maxBuilds) await new Promise<void>((resolve) => queued.push(resolve));
  else builds++;
  try {
    return await task();
  } finally {
    const next = queued.shift();
    if (next === undefined) builds--;
    else next();
  }
}

function build(target: BuildTarget, program: Handle): Promise<number> {
  const { library, device, options } = target;
  const devices = library.pinned(8);
  new DataView(devices.bytes.buffer, devices.bytes.byteOffset).setBigUint64(0, BigInt(device), true);
  return inTurn(() =>
    callAsync(library.cl.clBuildProgram, devices, program, 1, devices.address, options, 0, 0),
  );
}

async function fromBinary(target: BuildTarget, binary: Uint8Array): Promise<Handle | undefined> {
  const { library, context, device } = target;
  const memory = library.pin(binary);
  const table = library.pinned(40);
  const words = new BigUint64Array(table.bytes.buffer, table.bytes.byteOffset, 5);
  words.set([BigInt(device), BigInt(binary.byteLength), BigInt(memory.address), 0n, 0n]);
  const at = (word: number) => table.address + 8 * word;
  const create = library.cl.clCreateProgramWithBinary;
  const program = await callAsync(create, [memory, table], context, 1, at(0), at(1), at(2), at(3), at(4));
  if (words[4] !== 0n) return undefined;
  if ((await build(target, program)) === 0) return program;
  library.cl.clReleaseProgram(program);
  return undefined;
}

async function fromSource(target: BuildTarget, code: string, label: string): Promise<Handle> {
  const { library, context, device } = target;
  const source = library.pin(Buffer.from(`${code}\0`));
  const program = library.cl.clCreateProgramWithSource(
    context,
    1,
    library.put(1, source.address),
    0,
    library.slot(0),
  );
  check(library.int32At(0), `Creating program ${label}`);
  const status = await build(target, program);
  if (status === 0) return program;
  const log = buildInfo(library, program, device).text(CL_PROGRAM_BUILD_LOG);
  library.cl.clReleaseProgram(program);
  throw new AikoError("COMPILE_FAILED", {
    message: `${target.driver} did not compile ${label} (${statusName(status)}): ${log.slice(0, 4000)}`,
    hint: "The kernel passed AikoRyu's own checker, so this is a defect of the translation or of the driver. Please report it.",
  });
}

async function binaryOf(library: Library, program: Handle): Promise<Uint8Array | undefined> {
  const { cl } = library;
  const memory = library.pinned(16);
  const words = new BigUint64Array(memory.bytes.buffer, memory.bytes.byteOffset, 2);
  // PoCL compiles the workgroup function to answer this: 80 ms.
  if (
    (await callAsync(cl.clGetProgramInfo, memory, program, CL_PROGRAM_BINARY_SIZES, 8, memory.address, 0)) !==
    0
  )
    return undefined;
  const binary = library.pin(new Uint8Array(new ArrayBuffer(Number(words[0]))));
  if (binary.bytes.byteLength === 0) return undefined;
  words[1] = BigInt(binary.address);
  const status = await callAsync(
    cl.clGetProgramInfo,
    [memory, binary],
    program,
    CL_PROGRAM_BINARIES,
    8,
    memory.address + 8,
    0,
  );
  return status === 0 ? binary.bytes : undefined;
}

/** Compiles on a thread of the pool, or takes the binary of an earlier run. Rejects with COMPILE_FAILED. */
export async function buildProgram(
  target: BuildTarget,
  translation: Translation,
  label: string,
): Promise<OpenClProgram> {
  const { cache, library } = target;
  const key = cache?.key([translation.code, target.options, target.driver]);
  const binary = key === undefined ? undefined : await cache?.load(key);
  if (binary !== undefined) {
    const program = await fromBinary(target, binary);
    if (program !== undefined) return new OpenClProgram(target, program, translation, true);
  }
  const program = await fromSource(target, translation.code, label);
  const compiled = new OpenClProgram(target, program, translation, false);
  if (key !== undefined) {
    const fresh = await inTurn(() => binaryOf(library, program));
    if (fresh !== undefined) await cache?.store(key, fresh);
  }
  return compiled;
}
