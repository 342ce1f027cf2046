export const SUCCESS = 0;
export const NOT_SUPPORTED = 3;
export const NO_PERMISSION = 4;
export const INSUFFICIENT_SIZE = 7;
export const DRIVER_NOT_LOADED = 9;
export const FUNCTION_NOT_FOUND = 13;
export const GPU_IS_LOST = 15;
export const RESET_REQUIRED = 16;
export const VERSION_MISMATCH = 18;

const texts: Readonly<Record<number, string>> = {
  1: "NVML is not initialised",
  2: "an argument is invalid",
  [NOT_SUPPORTED]: "not supported",
  [NO_PERMISSION]: "permission is missing",
  6: "not found",
  [INSUFFICIENT_SIZE]: "the buffer is too small",
  8: "a power cable is not attached",
  [DRIVER_NOT_LOADED]: "NVIDIA's kernel driver is not loaded",
  10: "the driver did not answer in time",
  11: "an interrupt problem",
  12: "a library that NVML needs is missing",
  [FUNCTION_NOT_FOUND]: "this NVML does not have the function",
  14: "the GPU's configuration memory is damaged",
  [GPU_IS_LOST]: "the GPU is lost: it fell off the bus or needs a reset",
  [RESET_REQUIRED]: "the GPU needs a reset",
  17: "the operating system blocks the driver",
  [VERSION_MISMATCH]: "the driver's library and kernel module have different versions",
  19: "the GPU is in use",
  20: "out of memory",
};

/** In words, with NVML's number. https://docs.nvidia.com/deploy/nvml-api/group__nvmlDeviceEnumvs.html */
export function statusText(status: number): string {
  return `${texts[status] ?? "unknown error"} (NVML ${status})`;
}

/** What the user can do about it, where that is known. */
export function statusFix(status: number): string | undefined {
  if (status === DRIVER_NOT_LOADED)
    return process.platform === "linux"
      ? "sudo modprobe nvidia; in a container, start it with --gpus all"
      : "Start the machine again after installing NVIDIA's driver";
  if (status === VERSION_MISMATCH) return "Start the machine again, so that the kernel loads the new driver";
  if (status === GPU_IS_LOST || status === RESET_REQUIRED)
    return "sudo nvidia-smi --gpu-reset, or start the machine again";
  if (status === NO_PERMISSION) return "Run as root, or ask for access to /dev/nvidia*";
  return undefined;
}

/** Statuses after which nothing more can be read from the device. */
export function isFatal(status: number): boolean {
  return status === GPU_IS_LOST || status === RESET_REQUIRED || status === 1;
}
