import type { LibraryHandle } from "koffi";
import type { Koffi } from "../../core/ffi.ts";
import { libraryLoader } from "../../device/native-library.ts";
import { FUNCTION_NOT_FOUND } from "./status.ts";

const [U, P] = ["uint32", "uint64"];

/** The parameters of each function in use, all of which return a status. Pointers are passed as addresses. */
const signatures = {
  nvmlInit_v2: [],
  nvmlShutdown: [],
  nvmlSystemGetDriverVersion: [P, U],
  nvmlSystemGetNVMLVersion: [P, U],
  nvmlSystemGetProcessName: [U, P, U],
  nvmlDeviceGetCount_v2: [P],
  nvmlDeviceGetHandleByIndex_v2: [U, P],
  nvmlDeviceGetName: [P, P, U],
  nvmlDeviceGetUUID: [P, P, U],
  nvmlDeviceGetPciInfo_v3: [P, P],
  nvmlDeviceGetUtilizationRates: [P, P],
  nvmlDeviceGetMemoryInfo: [P, P],
  nvmlDeviceGetMemoryInfo_v2: [P, P],
  nvmlDeviceGetTemperature: [P, U, P],
  nvmlDeviceGetPowerUsage: [P, P],
  nvmlDeviceGetEnforcedPowerLimit: [P, P],
  nvmlDeviceGetTotalEnergyConsumption: [P, P],
  nvmlDeviceGetClockInfo: [P, U, P],
  nvmlDeviceGetFanSpeed: [P, P],
  nvmlDeviceGetPcieThroughput: [P, U, P],
  nvmlDeviceGetTotalEccErrors: [P, U, U, P],
  nvmlDeviceGetCurrentClocksThrottleReasons: [P, P],
  nvmlDeviceGetComputeRunningProcesses_v3: [P, P, P],
  nvmlDeviceGetComputeRunningProcesses_v2: [P, P, P],
  nvmlDeviceGetGraphicsRunningProcesses_v3: [P, P, P],
  nvmlDeviceGetGraphicsRunningProcesses_v2: [P, P, P],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type NvmlFunction = keyof typeof signatures;
export type Handle = number | bigint;

interface NativeCall {
  async(...args: [...Handle[], (error: unknown, status: number) => void]): void;
}

const required: readonly NvmlFunction[] = [
  "nvmlInit_v2",
  "nvmlShutdown",
  "nvmlDeviceGetCount_v2",
  "nvmlDeviceGetHandleByIndex_v2",
];

export function libraryPaths(): readonly string[] {
  const chosen = process.env["AIKORYU_NVML"];
  if (chosen !== undefined && chosen !== "") return [chosen];
  if (process.platform === "win32")
    return ["nvml.dll", "C:\\Program Files\\NVIDIA Corporation\\NVSMI\\nvml.dll"];
  return [
    "libnvidia-ml.so.1",
    "/usr/lib/wsl/lib/libnvidia-ml.so.1",
    "/run/opengl-driver/lib/libnvidia-ml.so.1",
  ];
}

const outBytes = 64 << 10;
const held = new Set<Nvml>();

/**
 * NVML's functions, called on a thread of the pool, because a call takes 1 to 50 ms. Calls share the memory that results
 * are written to, so one must end before the next begins.
 */
export class Nvml {
  readonly path: string;
  readonly out: DataView;
  readonly address: number;
  readonly #functions: Functions;

  constructor({ path, koffi, functions }: Loaded) {
    this.path = path;
    this.#functions = functions;
    const bytes = new Uint8Array(new ArrayBuffer(outBytes));
    this.out = new DataView(bytes.buffer);
    this.address = Number(koffi.address(bytes));
  }

  has(name: NvmlFunction): boolean {
    return this.#functions.has(name);
  }

  /** Resolves with the status; a function that this NVML lacks is FUNCTION_NOT_FOUND. */
  call(name: NvmlFunction, ...args: readonly Handle[]): Promise<number> {
    const native = this.#functions.get(name);
    if (native === undefined) return Promise.resolve(FUNCTION_NOT_FOUND);
    held.add(this);
    return new Promise((resolve, reject) => {
      native.async(...args, (error, status) => {
        held.delete(this);
        if (error) reject(error);
        else resolve(status);
      });
    });
  }

  /** The zero-terminated text in the results' memory. */
  text(offset = 0, length = 256): string {
    const bytes = new Uint8Array(this.out.buffer, offset, length);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(bytes.subarray(0, end === -1 ? length : end)).trim();
  }

  clear(): void {
    new Uint8Array(this.out.buffer, 0, 256).fill(0);
  }
}

type Functions = ReadonlyMap<string, NativeCall>;

interface Loaded {
  readonly path: string;
  readonly koffi: Koffi;
  readonly functions: Functions;
}

const load = libraryLoader<Loaded>((koffi, library, path) => ({
  path,
  koffi,
  functions: functionsOf(library),
}));

/** Loads NVML, once a path. Rejects with UNSUPPORTED where there is none. */
export async function loadNvml(): Promise<Nvml> {
  return new Nvml(await load(libraryPaths()));
}

function functionsOf(library: LibraryHandle): Functions {
  const functions = new Map<string, NativeCall>();
  for (const [name, parameters] of Object.entries(signatures)) {
    try {
      functions.set(name, library.func(name, "uint32", [...parameters]));
    } catch (error) {
      if (required.some((one) => one === name)) throw error;
    }
  }
  return functions;
}
