import type { NativeWebGpu } from "../../device/webgpu/native.ts";
import { AikoError, isAikoError } from "../../errors.ts";

/**
 * What TensorFlow.js takes for its GPUDevice: the calls it makes, passed to ours, each of which throws what the device has
 * against it. Left alone, a shader that does not compile is a line on stderr, and its result is zeros.
 */
export function sharedDevice({ device, call }: NativeWebGpu): GPUDevice {
  const { queue } = device;
  const shared = {
    features: device.features,
    limits: device.limits,
    adapterInfo: device.adapterInfo,
    lost: device.lost,
    queue: {
      submit: (...args: Parameters<GPUQueue["submit"]>) => call(() => queue.submit(...args)),
      writeBuffer: (...args: Parameters<GPUQueue["writeBuffer"]>) => call(() => queue.writeBuffer(...args)),
    },
    createBuffer: (descriptor: GPUBufferDescriptor) => call(() => device.createBuffer(descriptor)),
    createTexture: (descriptor: GPUTextureDescriptor) => call(() => device.createTexture(descriptor)),
    createQuerySet: (descriptor: GPUQuerySetDescriptor) => call(() => device.createQuerySet(descriptor)),
    createBindGroup: (descriptor: GPUBindGroupDescriptor) => call(() => device.createBindGroup(descriptor)),
    createCommandEncoder: () => call(() => device.createCommandEncoder()),
    createShaderModule: (descriptor: GPUShaderModuleDescriptor) =>
      compiling(descriptor, () => call(() => device.createShaderModule(descriptor))),
    createComputePipeline: (descriptor: GPUComputePipelineDescriptor) =>
      compiling(descriptor, () => call(() => device.createComputePipeline(descriptor))),
    createComputePipelineAsync: (descriptor: GPUComputePipelineDescriptor) =>
      call(() => device.createComputePipelineAsync(descriptor)).catch((error: unknown) => {
        throw notCompiled(descriptor, error);
      }),
  };
  return shared as unknown as GPUDevice;
}

function compiling<T>(descriptor: GPUObjectDescriptorBase, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw notCompiled(descriptor, error);
  }
}

/** TensorFlow.js labels modules and pipelines with the name of its program: PadProgram. */
function notCompiled({ label = "kernel" }: GPUObjectDescriptorBase, error: unknown): AikoError {
  if (isAikoError(error) && error.code !== "INTERNAL") return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new AikoError("COMPILE_FAILED", {
    message: `TensorFlow.js's ${label} does not compile on its WebGPU backend: ${reason}`,
    hint: 'Reshape the tensors to fewer dimensions, or use the WASM backend: tensorflow({ backend: "wasm" }).',
    cause: error,
  });
}
