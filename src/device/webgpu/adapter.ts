import { totalmem } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AikoError } from "../../errors.ts";
import type { Adapter, Device, DeviceKind, Feature, Limits, OpenOptions } from "../device.ts";
import { maxWorkgroupsPerDimension } from "../grid.ts";
import { type Dawn, type DawnAdapter, dawnAdapters } from "./dawn.ts";
import { WebGpuDevice } from "./device.ts";

const features: ReadonlyMap<GPUFeatureName, Feature> = new Map([
  ["shader-f16", "f16"],
  ["subgroups", "subgroups"],
  ["timestamp-query", "timestamps"],
]);

const limitNames = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxUniformBufferBindingSize",
  "maxUniformBuffersPerShaderStage",
  "maxDynamicUniformBuffersPerPipelineLayout",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "minStorageBufferOffsetAlignment",
  "minUniformBufferOffsetAlignment",
] as const;

const softwareNames = /llvmpipe|lavapipe|swiftshader|software|basic render|warp/i;

function kindOf({ info }: GPUAdapter): DeviceKind {
  const software =
    info.isFallbackAdapter || softwareNames.test(`${info.description} ${info.device} ${info.architecture}`);
  return software ? "cpu" : "gpu";
}

function limitsOf(limits: GPUSupportedLimits, kind: DeviceKind): Limits {
  // WebGPU does not say how much memory there is; a software device has what this process may use.
  const hostBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return {
    bufferBytes: limits.maxBufferSize - (limits.maxBufferSize % 16),
    bindingBytes: limits.maxStorageBufferBindingSize,
    storageBuffers: limits.maxStorageBuffersPerShaderStage,
    workgroupThreads: limits.maxComputeInvocationsPerWorkgroup,
    workgroupSize: [
      limits.maxComputeWorkgroupSizeX,
      limits.maxComputeWorkgroupSizeY,
      limits.maxComputeWorkgroupSizeZ,
    ],
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    workgroupsPerDimension: Math.min(limits.maxComputeWorkgroupsPerDimension, maxWorkgroupsPerDimension),
    viewAlignment: Math.max(
      16,
      limits.minStorageBufferOffsetAlignment,
      limits.minUniformBufferOffsetAlignment,
    ),
    memoryBytes: kind === "cpu" ? hostBytes : undefined,
  };
}

export class WebGpuAdapter implements Adapter {
  readonly backend = "webgpu";
  readonly index: number;
  readonly id: string;
  readonly kind: DeviceKind;
  readonly name: string;
  readonly vendor: string;
  readonly driver: string;
  readonly limits: Limits;
  readonly features: ReadonlySet<Feature>;
  readonly #dawn: Dawn;
  #adapter: GPUAdapter | undefined;

  constructor({ dawn, adapter }: DawnAdapter, index: number) {
    const { info } = adapter;
    this.#dawn = dawn;
    this.#adapter = adapter;
    this.index = index;
    this.id = `webgpu:${index}`;
    this.kind = kindOf(adapter);
    this.name = info.description || info.device || "unnamed adapter";
    this.vendor = info.vendor;
    this.driver = `Dawn, ${info.architecture || info.device}`;
    this.limits = limitsOf(adapter.limits, this.kind);
    this.features = new Set(
      [...features].flatMap(([native, ours]) => (adapter.features.has(native) ? [ours] : [])),
    );
  }

  async open(options: OpenOptions = {}): Promise<Device> {
    const dawn = this.#dawn;
    try {
      // A GPUAdapter gives one device only.
      const adapter = this.#adapter ?? (await dawn.requestAdapter());
      this.#adapter = undefined;
      if (adapter === null) throw new AikoError("DEVICE_LOST", { message: `${this.name} is gone` });
      const requiredLimits = Object.fromEntries(limitNames.map((name) => [name, adapter.limits[name]]));
      const requiredFeatures = [...features.keys()].filter((name) => adapter.features.has(name));
      await nextTurn();
      const device = await dawn.call(() => adapter.requestDevice({ requiredFeatures, requiredLimits }));
      return new WebGpuDevice(this, options, dawn, device);
    } catch (cause) {
      if (cause instanceof AikoError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AikoError("DEVICE_LOST", { message: `Cannot open ${this.name}: ${reason}`, cause });
    }
  }
}

/** Lists WebGPU adapters in Dawn's order, see `dawnAdapters`. Rejects where Dawn does not load. */
export async function discoverWebGpu(software: boolean): Promise<readonly WebGpuAdapter[]> {
  const found = await dawnAdapters(software);
  return found.map((one, index) => new WebGpuAdapter(one, index));
}
