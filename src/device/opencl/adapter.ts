import { wakePromptly } from "../../core/scheduling.ts";
import { AikoError } from "../../errors.ts";
import type { Adapter, Device, DeviceKind, Feature, Limits, OpenOptions } from "../device.ts";
import { maxWorkgroupsPerDimension } from "../grid.ts";
import { OpenClDevice } from "./device.ts";
import { deviceInfo, type Info, platformInfo } from "./info.ts";
import { callAsync, type Handle, type Library, loadOpenCl } from "./library.ts";
import { statusName } from "./status.ts";

const CL_DEVICE_TYPE_ALL = 0xffffffff;
const CL_DEVICE_TYPE_CPU = 2;
const CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT = 1 << 7;

const PLATFORM = { NAME: 0x0902, VERSION: 0x0901 } as const;

const DEVICE = {
  TYPE: 0x1000,
  MAX_WORK_GROUP_SIZE: 0x1004,
  MAX_WORK_ITEM_SIZES: 0x1005,
  MAX_MEM_ALLOC_SIZE: 0x1010,
  MAX_PARAMETER_SIZE: 0x1017,
  MEM_BASE_ADDR_ALIGN: 0x1019,
  SINGLE_FP_CONFIG: 0x101b,
  GLOBAL_MEM_SIZE: 0x101f,
  LOCAL_MEM_SIZE: 0x1023,
  ENDIAN_LITTLE: 0x1026,
  AVAILABLE: 0x1027,
  COMPILER_AVAILABLE: 0x1028,
  NAME: 0x102b,
  VENDOR: 0x102c,
  DRIVER_VERSION: 0x102d,
  VERSION: 0x102f,
  EXTENSIONS: 0x1030,
} as const;

const CL_PLATFORM_NOT_FOUND = -1001;

/** Kernel arguments of one kind that every driver seen accepts. */
const maxStorageBuffers = 32;

/** f16 needs no extension: the translation computes it in f32. Subgroups have no translation to OpenCL C 1.2. */
function featuresOf(info: Info): Set<Feature> {
  const extensions = new Set(info.text(DEVICE.EXTENSIONS).split(/\s+/));
  const features = new Set<Feature>(["f16", "i64", "timestamps"]);
  if (extensions.has("cl_khr_fp64")) features.add("f64");
  return features;
}

function limitsOf(info: Info): Limits {
  const [x = 1, y = 1, z = 1] = info.numbers(DEVICE.MAX_WORK_ITEM_SIZES);
  const bufferBytes = info.number(DEVICE.MAX_MEM_ALLOC_SIZE);
  return {
    bufferBytes,
    bindingBytes: bufferBytes,
    storageBuffers: Math.min(maxStorageBuffers, Math.floor(info.number(DEVICE.MAX_PARAMETER_SIZE) / 16)),
    workgroupThreads: info.number(DEVICE.MAX_WORK_GROUP_SIZE),
    workgroupSize: [x, y, z],
    workgroupBytes: info.number(DEVICE.LOCAL_MEM_SIZE),
    workgroupsPerDimension: maxWorkgroupsPerDimension,
    viewAlignment: Math.max(16, info.number(DEVICE.MEM_BASE_ADDR_ALIGN) / 8),
    memoryBytes: info.number(DEVICE.GLOBAL_MEM_SIZE),
  };
}

export class OpenClAdapter implements Adapter {
  readonly backend = "opencl";
  readonly index: number;
  readonly id: string;
  readonly kind: DeviceKind;
  readonly name: string;
  readonly vendor: string;
  readonly driver: string;
  readonly limits: Limits;
  readonly features: ReadonlySet<Feature>;
  readonly library: Library;
  readonly handle: Handle;
  /** Passed to the OpenCL compiler for every kernel. */
  readonly buildOptions: string;

  constructor(library: Library, platform: Handle, handle: Handle, index: number) {
    const info = deviceInfo(library, handle);
    const ofPlatform = platformInfo(library, platform);
    this.library = library;
    this.handle = handle;
    this.index = index;
    this.id = `opencl:${index}`;
    this.kind = info.number(DEVICE.TYPE) & CL_DEVICE_TYPE_CPU ? "cpu" : "gpu";
    this.name = info.text(DEVICE.NAME);
    this.vendor = info.text(DEVICE.VENDOR);
    this.driver = `${ofPlatform.text(PLATFORM.NAME)} ${info.text(DEVICE.DRIVER_VERSION)}, ${info.text(DEVICE.VERSION)}`;
    this.limits = limitsOf(info);
    this.features = featuresOf(info);
    const exactDivision = info.number(DEVICE.SINGLE_FP_CONFIG) & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT;
    this.buildOptions = `-cl-std=CL1.2 -w${exactDivision ? " -cl-fp32-correctly-rounded-divide-sqrt" : ""}`;
  }

  async open(options: OpenOptions = {}): Promise<Device> {
    if (this.kind === "cpu") await wakePromptly();
    return new OpenClDevice(this, options);
  }
}

function unusable(library: Library, device: Handle): string | undefined {
  const info = deviceInfo(library, device);
  const name = info.text(DEVICE.NAME);
  if (info.number(DEVICE.AVAILABLE) === 0) return `${name} is not available`;
  if (info.number(DEVICE.COMPILER_AVAILABLE) === 0) return `${name} has no kernel compiler`;
  if (info.number(DEVICE.ENDIAN_LITTLE) === 0) return `${name} is big-endian`;
  const version = /OpenCL (\d+)\.(\d+)/.exec(info.text(DEVICE.VERSION));
  if (version !== null && Number(version[1]) * 10 + Number(version[2]) < 12)
    return `${name} is older than OpenCL 1.2`;
  return undefined;
}

async function platformsOf(library: Library): Promise<Handle[]> {
  const { cl } = library;
  const count = library.pinned(8);
  // The first call loads every installed driver: 30-100 ms with PoCL.
  const status = await callAsync(cl.clGetPlatformIDs, count, 0, 0, count.address);
  const found = new DataView(count.bytes.buffer, count.bytes.byteOffset).getUint32(0, true);
  if (status === CL_PLATFORM_NOT_FOUND || (status === 0 && found === 0)) return [];
  if (status !== 0)
    throw new AikoError("UNSUPPORTED", { message: `clGetPlatformIDs: ${statusName(status)}` });
  cl.clGetPlatformIDs(found, library.slot(0), 0);
  return Array.from({ length: found }, (_, at) => library.handleAt(at));
}

async function devicesOf(library: Library, platform: Handle): Promise<Handle[]> {
  const limit = 64;
  const memory = library.pinned(8 * (limit + 1));
  const ids = memory.address + 8;
  const get = library.cl.clGetDeviceIDs;
  const status = await callAsync(get, memory, platform, CL_DEVICE_TYPE_ALL, limit, ids, memory.address);
  if (status !== 0) return [];
  const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset);
  const found = Math.min(limit, view.getUint32(0, true));
  return Array.from({ length: found }, (_, at) => Number(view.getBigUint64(8 * (at + 1), true)));
}

export interface OpenClDiscovery {
  readonly adapters: readonly OpenClAdapter[];
  /** Why devices that exist cannot be used. */
  readonly rejected: readonly string[];
}

/** Lists OpenCL devices in the loader's order. Rejects with UNSUPPORTED where there is no loader. */
export async function discoverOpenCl(): Promise<OpenClDiscovery> {
  const library = await loadOpenCl();
  const adapters: OpenClAdapter[] = [];
  const rejected: string[] = [];
  for (const platform of await platformsOf(library)) {
    for (const device of await devicesOf(library, platform)) {
      const reason = unusable(library, device);
      if (reason === undefined) adapters.push(new OpenClAdapter(library, platform, device, adapters.length));
      else rejected.push(reason);
    }
  }
  return { adapters, rejected };
}
