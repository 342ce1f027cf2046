import type { Limits } from "../device.ts";
import { maxWorkgroupsPerDimension } from "../grid.ts";
import type { CudaLibrary } from "./library.ts";
import { parameterAlignment } from "./parameters.ts";
import { check } from "./status.ts";

const ATTRIBUTE = {
  MAX_THREADS_PER_BLOCK: 1,
  MAX_BLOCK_DIM_X: 2,
  MAX_BLOCK_DIM_Y: 3,
  MAX_BLOCK_DIM_Z: 4,
  MAX_SHARED_MEMORY_PER_BLOCK: 8,
  COMPUTE_MODE: 20,
  COMPUTE_CAPABILITY_MAJOR: 75,
  COMPUTE_CAPABILITY_MINOR: 76,
} as const;

const CU_COMPUTEMODE_PROHIBITED = 2;
const maxNameBytes = 256;

/** A kernel takes 4 KiB of arguments: far more pointers and lengths than this. */
const storageBuffers = 32;

/** A GPU as the driver describes it. */
export interface CudaGpu {
  /** The driver's number for it. */
  readonly ordinal: number;
  readonly name: string;
  /** Compute capability: 90 for 9.0. */
  readonly capability: number;
  /** Its owner lets nobody compute on it. */
  readonly isProhibited: boolean;
  readonly limits: Limits;
}

function describe(library: CudaLibrary, ordinal: number): CudaGpu {
  const { cu } = library;
  check(cu.cuDeviceGet(library.slot(0), ordinal), `Asking for device ${ordinal}`);
  const device = library.int32At(0);
  const attribute = (which: number) => {
    check(cu.cuDeviceGetAttribute(library.put(0, 0), which, device), `Asking for attribute ${which}`);
    return library.int32At(0);
  };
  const name = library.pinned(maxNameBytes);
  check(cu.cuDeviceGetName(name.address, maxNameBytes, device), "Asking for a device's name");
  check(cu.cuDeviceTotalMem_v2(library.slot(0), device), "Asking for a device's memory");
  const memoryBytes = Number(library.slots[0]);
  const bufferBytes = memoryBytes - (memoryBytes % 16);
  return {
    ordinal: device,
    name: Buffer.from(name.bytes)
      .toString("utf8")
      .replace(/\0[\s\S]*$/, ""),
    capability:
      attribute(ATTRIBUTE.COMPUTE_CAPABILITY_MAJOR) * 10 + attribute(ATTRIBUTE.COMPUTE_CAPABILITY_MINOR),
    isProhibited: attribute(ATTRIBUTE.COMPUTE_MODE) === CU_COMPUTEMODE_PROHIBITED,
    limits: {
      bufferBytes,
      bindingBytes: bufferBytes,
      storageBuffers,
      workgroupThreads: attribute(ATTRIBUTE.MAX_THREADS_PER_BLOCK),
      workgroupSize: [
        attribute(ATTRIBUTE.MAX_BLOCK_DIM_X),
        attribute(ATTRIBUTE.MAX_BLOCK_DIM_Y),
        attribute(ATTRIBUTE.MAX_BLOCK_DIM_Z),
      ],
      workgroupBytes: attribute(ATTRIBUTE.MAX_SHARED_MEMORY_PER_BLOCK),
      workgroupsPerDimension: maxWorkgroupsPerDimension,
      viewAlignment: parameterAlignment,
      memoryBytes,
    },
  };
}

/** The GPUs that are visible, in the driver's order. */
export function listGpus(library: CudaLibrary): CudaGpu[] {
  check(library.cu.cuDeviceGetCount(library.put(0, 0)), "Counting devices");
  return Array.from({ length: library.int32At(0) }, (_, ordinal) => describe(library, ordinal));
}

/** CUDA version that the driver supports. */
export type DriverVersion = readonly [major: number, minor: number];

export function driverVersionOf(library: CudaLibrary): DriverVersion {
  check(library.cu.cuDriverGetVersion(library.put(0, 0)), "Asking for the driver's version");
  const version = library.int32At(0);
  return [Math.floor(version / 1000), Math.floor((version % 1000) / 10)];
}
