import { AikoError } from "../../errors.ts";
import type { KernelBinding, Translation } from "../../wgsl/index.ts";
import type { Program } from "../base-kernel.ts";

const COMPUTE = 4;

/** One pipeline of a kernel, with the bind groups made for it. */
export interface Variant {
  readonly pipeline: GPUComputePipeline;
  readonly layouts: readonly GPUBindGroupLayout[];
  /** By group. */
  readonly bindGroups: readonly Map<string, GPUBindGroup>[];
}

/** Dawn's npm package has no blob cache, so that a pipeline never comes from disk. */
export class WebGpuProgram implements Program {
  readonly cached = false;
  readonly bindings: readonly KernelBinding[];
  /** Whether uniform bindings take a dynamic offset, so that one bind group serves every slot of the ring. */
  readonly dynamic: boolean;
  readonly direct: Variant;
  readonly #promote: () => Variant;
  #promoted: Variant | undefined;

  constructor(bindings: readonly KernelBinding[], dynamic: boolean, direct: Variant, promote: () => Variant) {
    this.bindings = bindings;
    this.dynamic = dynamic;
    this.direct = direct;
    this.#promote = promote;
  }

  /** For buffers bound read and read_write at once: every storage binding is read_write. Compiled on first use. */
  get promoted(): Variant {
    this.#promoted ??= this.#promote();
    return this.#promoted;
  }

  release(): void {
    for (const { bindGroups } of [this.direct, this.#promoted ?? this.direct])
      for (const group of bindGroups) group.clear();
  }
}

function bindingType(binding: KernelBinding, promoted: boolean): GPUBufferBindingType {
  if (binding.access === "uniform") return "uniform";
  return binding.access === "read_write" || promoted ? "storage" : "read-only-storage";
}

function layoutsOf(
  device: GPUDevice,
  bindings: readonly KernelBinding[],
  dynamic: boolean,
  promoted: boolean,
) {
  const groups = bindings.reduce((most, binding) => Math.max(most, binding.group + 1), 0);
  return Array.from({ length: groups }, (_, group) =>
    device.createBindGroupLayout({
      entries: bindings
        .filter((binding) => binding.group === group)
        .map((binding) => ({
          binding: binding.binding,
          visibility: COMPUTE,
          buffer: {
            type: bindingType(binding, promoted),
            hasDynamicOffset: dynamic && binding.access === "uniform",
            minBindingSize: binding.minByteLength,
          },
        })),
    }),
  );
}

interface Prepared {
  readonly descriptor: GPUComputePipelineDescriptor;
  readonly layouts: readonly GPUBindGroupLayout[];
}

function prepare(device: GPUDevice, translation: Translation, dynamic: boolean, promoted: boolean): Prepared {
  const layouts = layoutsOf(device, translation.bindings, dynamic, promoted);
  const module = device.createShaderModule({ code: translation.code });
  const { kernelName: entryPoint } = translation;
  const layout = device.createPipelineLayout({ bindGroupLayouts: layouts });
  return { descriptor: { layout, compute: { module, entryPoint } }, layouts };
}

function variantOf(pipeline: GPUComputePipeline, layouts: readonly GPUBindGroupLayout[]): Variant {
  return { pipeline, layouts, bindGroups: layouts.map(() => new Map()) };
}

export interface PipelineBuilder {
  readonly device: GPUDevice;
  /** Runs calls into Dawn; throws what they report. */
  call<T>(action: () => T): T;
}

/** Whether one dispatch can bind views of one buffer both ways. */
function mayPromote({ bindings }: Translation): boolean {
  return (
    bindings.some(({ access }) => access === "read") && bindings.some(({ access }) => access === "read_write")
  );
}

/** Compiles on Dawn's threads. Rejects with COMPILE_FAILED. */
export async function buildProgram(
  builder: PipelineBuilder,
  translation: Translation,
  label: string,
  promoted: () => Promise<Translation>,
): Promise<WebGpuProgram> {
  const { device } = builder;
  const uniforms = translation.bindings.filter((binding) => binding.access === "uniform").length;
  const dynamic = uniforms <= device.limits.maxDynamicUniformBuffersPerPipelineLayout;
  try {
    const { descriptor, layouts } = builder.call(() => prepare(device, translation, dynamic, false));
    const translating = mayPromote(translation) ? promoted() : Promise.resolve(translation);
    const pipeline = await builder.call(() => device.createComputePipelineAsync(descriptor));
    const promotable = await translating;
    return new WebGpuProgram(translation.bindings, dynamic, variantOf(pipeline, layouts), () =>
      builder.call(() => {
        const variant = prepare(device, promotable, dynamic, true);
        return variantOf(device.createComputePipeline(variant.descriptor), variant.layouts);
      }),
    );
  } catch (cause) {
    throw new AikoError("COMPILE_FAILED", {
      message: `Dawn did not compile ${label}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "The kernel passed AikoRyu's own checker, so this is a defect of the translation or of the driver. Please report it.",
      cause,
    });
  }
}
