import { AikoError, toAikoError } from "../errors.ts";
import { discoverCuda } from "./cuda/adapter.ts";
import type { Adapter, Backend } from "./device.ts";
import { NullAdapter } from "./null/adapter.ts";
import { discoverOpenCl } from "./opencl/adapter.ts";
import { discoverWebGpu } from "./webgpu/adapter.ts";

/** Why a backend, or one of its devices, cannot be used. */
export interface BackendProblem {
  readonly backend: Backend;
  readonly reason: string;
  /** What to type or change, where that is known. */
  readonly fix: string | undefined;
}

export interface Discovery {
  /** Best first; see `rankOf`. */
  readonly adapters: readonly Adapter[];
  readonly problems: readonly BackendProblem[];
}

interface Found {
  readonly adapters: readonly Adapter[];
  readonly problems: readonly BackendProblem[];
}

const linuxFixes = {
  openClLoader: "sudo apt-get install -y ocl-icd-libopencl1 pocl-opencl-icd",
  openClDriver: "sudo apt-get install -y pocl-opencl-icd",
  vulkanDriver: "sudo apt-get install -y mesa-vulkan-drivers",
} as const;

function fixFor(name: keyof typeof linuxFixes): string | undefined {
  if (process.platform === "linux") return linuxFixes[name];
  return "Install the GPU vendor's current driver";
}

async function cuda(): Promise<Found> {
  const { adapters, problems } = await discoverCuda();
  return { adapters, problems: problems.map((problem) => ({ backend: "cuda", ...problem })) };
}

async function openCl(): Promise<Found> {
  const backend = "opencl";
  try {
    const { adapters, rejected } = await discoverOpenCl();
    const problems = rejected.map((reason) => ({ backend, reason, fix: undefined }) as const);
    if (adapters.length > 0 || problems.length > 0) return { adapters, problems };
    const reason = "The OpenCL loader is installed, but no driver is";
    return { adapters, problems: [{ backend, reason, fix: fixFor("openClDriver") }] };
  } catch (error) {
    const chosen = process.env.AIKORYU_OPENCL;
    const fix = chosen ? `unset AIKORYU_OPENCL (it is ${chosen})` : fixFor("openClLoader");
    return { adapters: [], problems: [{ backend, reason: toAikoError(error).message, fix }] };
  }
}

async function webGpu({ onRequest = true }: DiscoverOptions): Promise<Found> {
  const backend = "webgpu";
  try {
    const adapters = await discoverWebGpu(onRequest);
    if (adapters.length > 0) return { adapters, problems: [] };
    const reason = "Dawn found no usable Vulkan, Metal or D3D12 driver";
    return { adapters, problems: [{ backend, reason, fix: fixFor("vulkanDriver") }] };
  } catch (error) {
    const { message } = toAikoError(error);
    const fix = /Cannot find (package|module)/.test(message) ? "npm install webgpu" : undefined;
    return { adapters: [], problems: [{ backend, reason: message, fix }] };
  }
}

const backends: readonly ((options: DiscoverOptions) => Promise<Found>)[] = [cuda, openCl, webGpu];

/**
 * Order of preference: cuda, OpenCL on a GPU, WebGPU on a GPU, OpenCL on a CPU; then what is only chosen on request:
 * software WebGPU (ten times slower than OpenCL on the same cores) and the null device.
 */
export function rankOf({ backend, kind }: Adapter): number {
  if (backend === "null") return 9;
  if (kind === "gpu") return { cuda: 0, opencl: 1, webgpu: 2 }[backend];
  return backend === "webgpu" ? 8 : 3;
}

/** Chosen only when asked for by name. */
export function isOnRequest(adapter: Adapter): boolean {
  return rankOf(adapter) >= 8;
}

export interface DiscoverOptions {
  /** Looks also for what is only chosen when asked for, which takes Dawn 10 ms of the JavaScript thread. Default true. */
  readonly onRequest?: boolean;
}

/** Finds every adapter. Never rejects: what is missing is a problem with its fix. */
export async function discover(options: DiscoverOptions = {}): Promise<Discovery> {
  const found: Found[] = [];
  // One after the other: while a thread loads drivers, every dlopen and dlsym of this one waits for it.
  for (const find of backends) found.push(await find(options));
  const adapters = [...found.flatMap((one) => one.adapters), new NullAdapter()];
  return {
    adapters: adapters.sort((a, b) => rankOf(a) - rankOf(b)),
    problems: found.flatMap((one) => one.problems),
  };
}

function notFound(request: string, { adapters, problems }: Discovery): AikoError {
  const [backend] = request.split(":");
  const problem = problems.find((candidate) => candidate.backend === backend);
  const why = problem === undefined ? "" : `: ${problem.reason}`;
  const fix = problem?.fix === undefined ? "" : ` To get it: ${problem.fix}.`;
  const present = adapters.map((adapter) => `${adapter.id} (${adapter.name})`).join(", ");
  return new AikoError("DEVICE_NOT_FOUND", {
    message: `There is no device "${request}"${why}`,
    hint: `Present: ${present}, or "cpu" for none.${fix}`,
  });
}

/**
 * The adapters that `request` allows, best first. Each name is an adapter's id, a backend, or "cpu" for no device at
 * all; the default is AIKORYU_DEVICE, then everything that need not be asked for. Throws DEVICE_NOT_FOUND.
 */
export function selectAdapters(
  discovery: Discovery,
  request: string | readonly string[] | undefined = process.env.AIKORYU_DEVICE || undefined,
): readonly Adapter[] {
  if (request === undefined) return discovery.adapters.filter((adapter) => !isOnRequest(adapter));
  return [request].flat().flatMap((name) => {
    if (name === "cpu") return [];
    const chosen = discovery.adapters.filter(({ id, backend }) => id === name || backend === name);
    if (chosen.length === 0) throw notFound(name, discovery);
    return chosen;
  });
}

/** The best adapter that `request` allows, or undefined where work is to run on the CPU. Throws DEVICE_NOT_FOUND. */
export function chooseAdapter(discovery: Discovery, request?: string): Adapter | undefined {
  return selectAdapters(discovery, request)[0];
}
