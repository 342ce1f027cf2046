import type { Koffi } from "../../core/ffi.ts";
import { bindFunctions, type Call, type Handle, NativeMemory, type Signatures } from "../../core/native.ts";
import { libraryLoader } from "../native-library.ts";

/** The functions in use of the CUDA driver API, by the names its library exports. All return a CUresult. */
export interface Cuda {
  readonly cuInit: Call<[flags: number], number>;
  readonly cuDriverGetVersion: Call<[Handle], number>;
  readonly cuDeviceGetCount: Call<[Handle], number>;
  readonly cuDeviceGet: Call<[Handle, number], number>;
  readonly cuDeviceGetName: Call<[Handle, number, number], number>;
  readonly cuDeviceGetAttribute: Call<[Handle, attribute: number, device: number], number>;
  readonly cuDeviceTotalMem_v2: Call<[Handle, number], number>;
  readonly cuCtxCreate_v2: Call<[Handle, flags: number, device: number], number>;
  readonly cuCtxDestroy_v2: Call<[Handle], number>;
  readonly cuCtxSetCurrent: Call<[Handle], number>;
  readonly cuMemGetInfo_v2: Call<[free: Handle, total: Handle], number>;
  readonly cuMemAlloc_v2: Call<[Handle, bytes: number], number>;
  readonly cuMemFree_v2: Call<[Handle], number>;
  readonly cuMemHostAlloc: Call<[Handle, bytes: number, flags: number], number>;
  readonly cuMemHostGetDevicePointer_v2: Call<[Handle, host: Handle, flags: number], number>;
  readonly cuMemFreeHost: Call<[Handle], number>;
  readonly cuMemcpyHtoDAsync_v2: Call<[to: Handle, from: Handle, bytes: number, stream: Handle], number>;
  readonly cuMemcpyDtoHAsync_v2: Call<[to: Handle, from: Handle, bytes: number, stream: Handle], number>;
  readonly cuMemcpyDtoDAsync_v2: Call<[to: Handle, from: Handle, bytes: number, stream: Handle], number>;
  readonly cuMemsetD8Async: Call<[to: Handle, value: number, bytes: number, stream: Handle], number>;
  readonly cuStreamCreate: Call<[Handle, flags: number], number>;
  readonly cuStreamDestroy_v2: Call<[Handle], number>;
  readonly cuStreamWaitEvent: Call<[stream: Handle, event: Handle, flags: number], number>;
  readonly cuEventCreate: Call<[Handle, flags: number], number>;
  readonly cuEventDestroy_v2: Call<[Handle], number>;
  readonly cuEventRecord: Call<[event: Handle, stream: Handle], number>;
  readonly cuEventQuery: Call<[Handle], number>;
  readonly cuEventSynchronize: Call<[Handle], number>;
  readonly cuEventElapsedTime: Call<[milliseconds: Handle, start: Handle, end: Handle], number>;
  readonly cuModuleLoadDataEx: Call<[Handle, image: Handle, number, options: Handle, values: Handle], number>;
  readonly cuModuleUnload: Call<[Handle], number>;
  readonly cuModuleGetFunction: Call<[Handle, module: Handle, name: string], number>;
  readonly cuFuncGetAttribute: Call<[Handle, attribute: number, func: Handle], number>;
  readonly cuLaunchKernel: Call<
    [
      func: Handle,
      gridX: number,
      gridY: number,
      gridZ: number,
      blockX: number,
      blockY: number,
      blockZ: number,
      sharedBytes: number,
      stream: Handle,
      parameters: Handle,
      extra: Handle,
    ],
    number
  >;
  readonly cuStreamBeginCapture_v2: Call<[stream: Handle, mode: number], number>;
  readonly cuStreamEndCapture: Call<[stream: Handle, graph: Handle], number>;
  readonly cuGraphInstantiateWithFlags: Call<[Handle, graph: Handle, flags: bigint], number>;
  readonly cuGraphLaunch: Call<[Handle, stream: Handle], number>;
  readonly cuGraphExecDestroy: Call<[Handle], number>;
  readonly cuGraphDestroy: Call<[Handle], number>;
}

const [I, U, P, S, Q] = ["int32", "uint32", "uint64", "size_t", "uint64"];

/** https://docs.nvidia.com/cuda/cuda-driver-api; a CUdevice is an int, a CUdeviceptr 64 bits wide. */
export const cudaSignatures: Signatures<Cuda> = {
  cuInit: [I, U],
  cuDriverGetVersion: [I, P],
  cuDeviceGetCount: [I, P],
  cuDeviceGet: [I, P, I],
  cuDeviceGetName: [I, P, I, I],
  cuDeviceGetAttribute: [I, P, I, I],
  cuDeviceTotalMem_v2: [I, P, I],
  cuCtxCreate_v2: [I, P, U, I],
  cuCtxDestroy_v2: [I, P],
  cuCtxSetCurrent: [I, P],
  cuMemGetInfo_v2: [I, P, P],
  cuMemAlloc_v2: [I, P, S],
  cuMemFree_v2: [I, P],
  cuMemHostAlloc: [I, P, S, U],
  cuMemHostGetDevicePointer_v2: [I, P, P, U],
  cuMemFreeHost: [I, P],
  cuMemcpyHtoDAsync_v2: [I, P, P, S, P],
  cuMemcpyDtoHAsync_v2: [I, P, P, S, P],
  cuMemcpyDtoDAsync_v2: [I, P, P, S, P],
  cuMemsetD8Async: [I, P, "uint8", S, P],
  cuStreamCreate: [I, P, U],
  cuStreamDestroy_v2: [I, P],
  cuStreamWaitEvent: [I, P, P, U],
  cuEventCreate: [I, P, U],
  cuEventDestroy_v2: [I, P],
  cuEventRecord: [I, P, P],
  cuEventQuery: [I, P],
  cuEventSynchronize: [I, P],
  cuEventElapsedTime: [I, P, P, P],
  cuModuleLoadDataEx: [I, P, P, U, P, P],
  cuModuleUnload: [I, P],
  cuModuleGetFunction: [I, P, P, "str"],
  cuFuncGetAttribute: [I, P, I, P],
  cuLaunchKernel: [I, P, U, U, U, U, U, U, U, P, P, P],
  cuStreamBeginCapture_v2: [I, P, I],
  cuStreamEndCapture: [I, P, P],
  cuGraphInstantiateWithFlags: [I, P, P, Q],
  cuGraphLaunch: [I, P, P],
  cuGraphExecDestroy: [I, P],
  cuGraphDestroy: [I, P],
};

/** The loaded driver, and memory to pass to it. */
export class CudaLibrary extends NativeMemory {
  readonly cu: Cuda;
  /** What was given to the loader: a path, or a name that it searched for. */
  readonly path: string;

  constructor(koffi: Koffi, cu: Cuda, path: string) {
    super(koffi);
    this.cu = cu;
    this.path = path;
  }

  /** Contexts are current by thread; every call from JavaScript comes after one of this. */
  enter(context: Handle): void {
    this.cu.cuCtxSetCurrent(context);
  }
}

/** Whether AIKORYU_CUDA turns the backend off: it is empty or `off`. */
export function isTurnedOff(env: NodeJS.ProcessEnv = process.env): boolean {
  const chosen = env.AIKORYU_CUDA;
  return chosen !== undefined && (chosen === "" || chosen.toLowerCase() === "off");
}

export function libraryPaths(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const chosen = env.AIKORYU_CUDA;
  if (chosen !== undefined) return [chosen];
  if (process.platform === "win32") return ["nvcuda.dll"];
  if (process.platform !== "linux") return [];
  return ["libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"];
}

const load = libraryLoader(
  (koffi, library, path) => new CudaLibrary(koffi, bindFunctions(library, cudaSignatures), path),
);

/** Loads the driver once a path. Rejects with UNSUPPORTED when there is none. */
export function loadCuda(): Promise<CudaLibrary> {
  return load(libraryPaths());
}
