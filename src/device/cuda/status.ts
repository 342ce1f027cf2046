import { formatBytes } from "../../core/bytes.ts";
import { AikoError } from "../../errors.ts";

export const CUDA_ERROR_OUT_OF_MEMORY = 2;
export const CUDA_ERROR_NOT_READY = 600;

const names: Readonly<Record<number, string>> = {
  1: "CUDA_ERROR_INVALID_VALUE",
  2: "CUDA_ERROR_OUT_OF_MEMORY",
  3: "CUDA_ERROR_NOT_INITIALIZED",
  4: "CUDA_ERROR_DEINITIALIZED",
  34: "CUDA_ERROR_STUB_LIBRARY",
  36: "CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER",
  46: "CUDA_ERROR_DEVICE_UNAVAILABLE",
  100: "CUDA_ERROR_NO_DEVICE",
  101: "CUDA_ERROR_INVALID_DEVICE",
  102: "CUDA_ERROR_DEVICE_NOT_LICENSED",
  200: "CUDA_ERROR_INVALID_IMAGE",
  201: "CUDA_ERROR_INVALID_CONTEXT",
  209: "CUDA_ERROR_NO_BINARY_FOR_GPU",
  214: "CUDA_ERROR_ECC_UNCORRECTABLE",
  218: "CUDA_ERROR_INVALID_PTX",
  220: "CUDA_ERROR_NVLINK_UNCORRECTABLE",
  221: "CUDA_ERROR_JIT_COMPILER_NOT_FOUND",
  222: "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
  223: "CUDA_ERROR_JIT_COMPILATION_DISABLED",
  226: "CUDA_ERROR_CONTAINED",
  304: "CUDA_ERROR_OPERATING_SYSTEM",
  400: "CUDA_ERROR_INVALID_HANDLE",
  500: "CUDA_ERROR_NOT_FOUND",
  600: "CUDA_ERROR_NOT_READY",
  700: "CUDA_ERROR_ILLEGAL_ADDRESS",
  701: "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
  702: "CUDA_ERROR_LAUNCH_TIMEOUT",
  709: "CUDA_ERROR_CONTEXT_IS_DESTROYED",
  710: "CUDA_ERROR_ASSERT",
  714: "CUDA_ERROR_HARDWARE_STACK_ERROR",
  715: "CUDA_ERROR_ILLEGAL_INSTRUCTION",
  716: "CUDA_ERROR_MISALIGNED_ADDRESS",
  717: "CUDA_ERROR_INVALID_ADDRESS_SPACE",
  718: "CUDA_ERROR_INVALID_PC",
  719: "CUDA_ERROR_LAUNCH_FAILED",
  720: "CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE",
  721: "CUDA_ERROR_TENSOR_MEMORY_LEAK",
  800: "CUDA_ERROR_NOT_PERMITTED",
  801: "CUDA_ERROR_NOT_SUPPORTED",
  802: "CUDA_ERROR_SYSTEM_NOT_READY",
  803: "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
  804: "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE",
  805: "CUDA_ERROR_MPS_CONNECTION_FAILED",
  807: "CUDA_ERROR_MPS_SERVER_NOT_READY",
  808: "CUDA_ERROR_MPS_MAX_CLIENTS_REACHED",
  900: "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
  901: "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
  999: "CUDA_ERROR_UNKNOWN",
};

/** After these the driver answers every later call on the context with the same status. */
const lost = new Set([
  4, 46, 101, 201, 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 999,
]);

export function statusName(status: number): string {
  return names[status] ?? `CUDA status ${status}`;
}

/** What the driver says of the memory of a device, in bytes. */
export interface MemoryInfo {
  readonly free: number;
  readonly total: number;
}

/** The typed error for a status that is not CUDA_SUCCESS. */
export function statusError(status: number, action: string, memory?: MemoryInfo): AikoError {
  const message = `${action} failed: ${statusName(status)}`;
  if (status === CUDA_ERROR_OUT_OF_MEMORY) {
    const room =
      memory === undefined ? "" : `; ${formatBytes(memory.free)} of ${formatBytes(memory.total)} are free`;
    return new AikoError("OUT_OF_MEMORY", {
      message: `${message}${room}`,
      hint: "Dispose buffers, process the data in batches, or end other programs on the GPU (nvidia-smi lists them).",
    });
  }
  if (lost.has(status)) return new AikoError("DEVICE_LOST", { message, hint: "Open the adapter again." });
  return new AikoError("INTERNAL", { message });
}

/** Throws unless `status` is CUDA_SUCCESS. */
export function check(status: number, action: string): void {
  if (status !== 0) throw statusError(status, action);
}
