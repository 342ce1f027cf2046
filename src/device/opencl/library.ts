import type { Koffi } from "../../core/ffi.ts";
import { bindFunctions, type Call, type Handle, NativeMemory, type Signatures } from "../../core/native.ts";
import { libraryLoader } from "../native-library.ts";

export { callAsync, type Handle, type Pinned } from "../../core/native.ts";

/** The OpenCL 1.2 functions in use. */
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

const signatures: Signatures<OpenCl> = {
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

const load = libraryLoader((koffi, library) => new Library(koffi, bindFunctions(library, signatures)));

/** Loads the ICD loader once a path. Rejects with UNSUPPORTED when there is none. */
export function loadOpenCl(): Promise<Library> {
  return load(libraryPaths());
}

/** The loaded functions, and memory to pass to them. */
export class Library extends NativeMemory {
  readonly cl: OpenCl;

  constructor(koffi: Koffi, cl: OpenCl) {
    super(koffi);
    this.cl = cl;
  }
}
