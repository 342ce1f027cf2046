import { AikoError } from "../../errors.ts";

const names: Readonly<Record<number, string>> = {
  [-1]: "CL_DEVICE_NOT_FOUND",
  [-2]: "CL_DEVICE_NOT_AVAILABLE",
  [-3]: "CL_COMPILER_NOT_AVAILABLE",
  [-4]: "CL_MEM_OBJECT_ALLOCATION_FAILURE",
  [-5]: "CL_OUT_OF_RESOURCES",
  [-6]: "CL_OUT_OF_HOST_MEMORY",
  [-11]: "CL_BUILD_PROGRAM_FAILURE",
  [-13]: "CL_MISALIGNED_SUB_BUFFER_OFFSET",
  [-14]: "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST",
  [-30]: "CL_INVALID_VALUE",
  [-34]: "CL_INVALID_CONTEXT",
  [-36]: "CL_INVALID_COMMAND_QUEUE",
  [-38]: "CL_INVALID_MEM_OBJECT",
  [-42]: "CL_INVALID_BINARY",
  [-46]: "CL_INVALID_KERNEL_NAME",
  [-52]: "CL_INVALID_KERNEL_ARGS",
  [-54]: "CL_INVALID_WORK_GROUP_SIZE",
  [-55]: "CL_INVALID_WORK_ITEM_SIZE",
  [-61]: "CL_INVALID_BUFFER_SIZE",
  [-1001]: "CL_PLATFORM_NOT_FOUND_KHR",
};

const outOfMemory = new Set([-4, -6, -61]);
/** NVIDIA answers a faulted kernel with OUT_OF_RESOURCES at the next wait, then INVALID_COMMAND_QUEUE for ever. */
const lost = new Set([-2, -5, -14, -34, -36]);

export function statusName(status: number): string {
  return names[status] ?? `OpenCL status ${status}`;
}

/** The typed error for a status that is not CL_SUCCESS. */
export function statusError(status: number, action: string): AikoError {
  const message = `${action} failed: ${statusName(status)}`;
  if (outOfMemory.has(status)) {
    return new AikoError("OUT_OF_MEMORY", {
      message,
      hint: "Dispose buffers, or process the data in batches.",
    });
  }
  if (lost.has(status)) return new AikoError("DEVICE_LOST", { message, hint: "Open the adapter again." });
  return new AikoError("INTERNAL", { message });
}

/** Throws unless `status` is CL_SUCCESS. */
export function check(status: number, action: string): void {
  if (status !== 0) throw statusError(status, action);
}
