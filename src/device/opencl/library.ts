import { loadFfi, loadLibrary } from "../../core/ffi.ts";
import { AikoError } from "../../errors.ts";

/** An OpenCL object or an address. koffi gives numbers below 2^53 and bigints above; both go back in. */
export type Handle = number | bigint;

interface Call<A extends readonly unknown[], R> {
  (...args: A): R;
  async(...args: [...A, (error: unknown, result: R) => void]): void;
}

/** The OpenCL 1.2 functions in use. Pointers are passed as addresses, which koffi converts ten times faster. */
export interface OpenCl {
  readonly clGetPlatformIDs: Call<[number, Handle, Handle], number>;
  readonly clGetPlatformInfo: Call<[Handle, number, number, Handle, Handle], number>;
  readonly clGetDeviceIDs: Call<[Handle, number, number, Handle, Handle], number>;
  readonly clGetDeviceInfo: Call<[Handle, number, number, Handle, Handle], number>;
  readonly clCreateContext: Call<[Handle, number, Handle, Handle, Handle, Handle], Handle>;
  readonly clReleaseContext: Call<[Handle], number>;
  readonly clCreateCommandQueue: Call<[Handle, Handle, number, Handle], Handle>;
  readonly clReleaseCommandQueue: Call<[Handle], number>;
  readonly clCreateBuffer: Call<[Handle, number, number, Handle, Handle], Handle>;
  readonly clCreateSubBuffer: Call<[Handle, number, number, Handle, Handle], Handle>;
  readonly clReleaseMemObject: Call<[Handle], number>;
  readonly clCreateProgramWithSource: Call<[Handle, number, Handle, Handle, Handle], Handle>;
  readonly clCreateProgramWithBinary: Call<[Handle, number, Handle, Handle, Handle, Handle, Handle], Handle>;
  readonly clBuildProgram: Call<[Handle, number, Handle, string, Handle, Handle], number>;
  readonly clGetProgramInfo: Call<[Handle, number, number, Handle, Handle], number>;
  readonly clGetProgramBuildInfo: Call<[Handle, Handle, number, number, Handle, Handle], number>;
  readonly clReleaseProgram: Call<[Handle], number>;
  readonly clCreateKernel: Call<[Handle, string, Handle], Handle>;
  readonly clReleaseKernel: Call<[Handle], number>;
  readonly clSetKernelArg: Call<[Handle, number, number, Handle], number>;
  readonly clGetKernelWorkGroupInfo: Call<[Handle, Handle, number, number, Handle, Handle], number>;
  readonly clEnqueueNDRangeKernel: Call<
    [Handle, Handle, number, Handle, Handle, Handle, number, Handle, Handle],
    number
  >;
  readonly clEnqueueFillBuffer: Call<
    [Handle, Handle, Handle, number, number, number, number, Handle, Handle],
    number
  >;
  readonly clEnqueueCopyBuffer: Call<
    [Handle, Handle, Handle, number, number, number, number, Handle, Handle],
    number
  >;
  readonly clEnqueueWriteBuffer: Call<
    [Handle, Handle, number, number, number, Handle, number, Handle, Handle],
    number
  >;
  readonly clEnqueueReadBuffer: Call<
    [Handle, Handle, number, number, number, Handle, number, Handle, Handle],
    number
  >;
  readonly clEnqueueMarkerWithWaitList: Call<[Handle, number, Handle, Handle], number>;
  readonly clFlush: Call<[Handle], number>;
  readonly clWaitForEvents: Call<[number, Handle], number>;
  readonly clGetEventInfo: Call<[Handle, number, number, Handle, Handle], number>;
  readonly clGetEventProfilingInfo: Call<[Handle, number, number, Handle, Handle], number>;
  readonly clRetainEvent: Call<[Handle], number>;
  readonly clReleaseEvent: Call<[Handle], number>;
}

const [I, U, P, S, T] = ["int32", "uint32", "uint64", "size_t", "str"];

const signatures: Record<keyof OpenCl, readonly [result: string, ...parameters: string[]]> = {
  clGetPlatformIDs: [I, U, P, P],
  clGetPlatformInfo: [I, P, U, S, P, P],
  clGetDeviceIDs: [I, P, P, U, P, P],
  clGetDeviceInfo: [I, P, U, S, P, P],
  clCreateContext: [P, P, U, P, P, P, P],
  clReleaseContext: [I, P],
  clCreateCommandQueue: [P, P, P, P, P],
  clReleaseCommandQueue: [I, P],
  clCreateBuffer: [P, P, P, S, P, P],
  clCreateSubBuffer: [P, P, P, U, P, P],
  clReleaseMemObject: [I, P],
  clCreateProgramWithSource: [P, P, U, P, P, P],
  clCreateProgramWithBinary: [P, P, U, P, P, P, P, P],
  clBuildProgram: [I, P, U, P, T, P, P],
  clGetProgramInfo: [I, P, U, S, P, P],
  clGetProgramBuildInfo: [I, P, P, U, S, P, P],
  clReleaseProgram: [I, P],
  clCreateKernel: [P, P, T, P],
  clReleaseKernel: [I, P],
  clSetKernelArg: [I, P, U, S, P],
  clGetKernelWorkGroupInfo: [I, P, P, U, S, P, P],
  clEnqueueNDRangeKernel: [I, P, P, U, P, P, P, U, P, P],
  clEnqueueFillBuffer: [I, P, P, P, S, S, S, U, P, P],
  clEnqueueCopyBuffer: [I, P, P, P, S, S, S, U, P, P],
  clEnqueueWriteBuffer: [I, P, P, U, S, S, P, U, P, P],
  clEnqueueReadBuffer: [I, P, P, U, S, S, P, U, P, P],
  clEnqueueMarkerWithWaitList: [I, P, U, P, P],
  clFlush: [I, P],
  clWaitForEvents: [I, U, P],
  clGetEventInfo: [I, P, U, S, P, P],
  clGetEventProfilingInfo: [I, P, U, S, P, P],
  clRetainEvent: [I, P],
  clReleaseEvent: [I, P],
};

export function libraryPaths(): readonly string[] {
  const chosen = process.env.AIKORYU_OPENCL;
  if (chosen !== undefined && chosen !== "") return [chosen];
  if (process.platform === "win32") return ["OpenCL.dll"];
  if (process.platform === "darwin") return ["/System/Library/Frameworks/OpenCL.framework/OpenCL"];
  return ["libOpenCL.so.1", "libOpenCL.so"];
}

const loaded = new Map<string, Promise<Library>>();

/** Loads the ICD loader once a path. Rejects with UNSUPPORTED when there is none. */
export function loadOpenCl(): Promise<Library> {
  const paths = libraryPaths();
  const key = paths.join("|");
  let library = loaded.get(key);
  if (library === undefined) {
    library = openFirst(paths);
    loaded.set(key, library);
    library.catch(() => loaded.delete(key));
  }
  return library;
}

async function openFirst(paths: readonly string[]): Promise<Library> {
  const koffi = await loadFfi();
  const reasons: string[] = [];
  for (const path of paths) {
    try {
      const library = await loadLibrary(koffi, path);
      const functions = Object.entries(signatures).map(([name, [result, ...parameters]]) => [
        name,
        library.func(name, result, parameters),
      ]);
      return new Library(Object.fromEntries(functions) as OpenCl, (bytes) => Number(koffi.address(bytes)));
    } catch (error) {
      reasons.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new AikoError("UNSUPPORTED", { message: reasons.join("; ") });
}

/** Memory that native code reads or writes: its bytes stay put, and `address` is theirs. */
export interface Pinned {
  readonly bytes: Uint8Array;
  readonly address: number;
}

const pageBytes = 4096;

/** The loaded functions, and memory to pass to them. */
export class Library {
  readonly cl: OpenCl;
  readonly #addressOf: (bytes: Uint8Array) => number;
  readonly #scratch: Pinned;
  /** Out and in parameters of one synchronous call, by 8-byte slot. */
  readonly slots: BigUint64Array;

  constructor(cl: OpenCl, addressOf: (bytes: Uint8Array) => number) {
    this.cl = cl;
    this.#addressOf = addressOf;
    this.#scratch = this.pinned(pageBytes);
    const { buffer, byteOffset } = this.#scratch.bytes;
    this.slots = new BigUint64Array(buffer, byteOffset, pageBytes / 8);
  }

  /** Address of a scratch slot. */
  slot(index: number): number {
    return this.#scratch.address + index * 8;
  }

  /** Stores a handle in a scratch slot and returns the slot's address. */
  put(index: number, value: Handle): number {
    this.slots[index] = BigInt(value);
    return this.slot(index);
  }

  handleAt(index: number): Handle {
    return Number(this.slots[index]);
  }

  int32At(index: number): number {
    return Number(BigInt.asIntN(32, this.slots[index] ?? 0n));
  }

  /** Memory of `bytes` as native code sees it. The caller keeps `bytes` alive while it is used. */
  pin(bytes: Uint8Array): Pinned {
    return { bytes, address: this.#addressOf(bytes) };
  }

  /** New page-aligned, uninitialised memory. */
  pinned(byteLength: number): Pinned {
    const whole = this.pin(new Uint8Array(Buffer.allocUnsafeSlow(byteLength + pageBytes).buffer));
    const skip = (pageBytes - (whole.address % pageBytes)) % pageBytes;
    return { bytes: whole.bytes.subarray(skip, skip + byteLength), address: whole.address + skip };
  }
}

const held = new Set<object>();

/** A call on a thread of the pool, so that JavaScript goes on. `keep` stays alive until it returns. */
export function callAsync<A extends readonly unknown[], R>(
  call: Call<A, R>,
  keep: object,
  ...args: A
): Promise<R> {
  const holder = { keep };
  held.add(holder);
  return new Promise((resolve, reject) => {
    call.async(...args, (error, result) => {
      held.delete(holder);
      if (error) reject(error);
      else resolve(result);
    });
  });
}
