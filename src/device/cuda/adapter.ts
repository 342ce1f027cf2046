import { readFile } from "node:fs/promises";
import { toAikoError } from "../../errors.ts";
import type { Adapter, Device, Feature, Limits, OpenOptions } from "../device.ts";
import { type Compiler, compilerName } from "./compiler.ts";
import { openCudaDevice } from "./device.ts";
import { type CudaGpu, type DriverVersion, driverVersionOf, listGpus } from "./info.ts";
import { findCompiler, findCublas, unfit } from "./installation.ts";
import { type CudaLibrary, isTurnedOff, libraryPaths } from "./library.ts";
import { companionsOf, type FoundLibrary } from "./search.ts";
import { type CudaProblem, explainStatus, gpuSigns, startCuda } from "./startup.ts";
import { refusedBy } from "./trial.ts";

const features: ReadonlySet<Feature> = new Set(["f16", "f64", "i64", "subgroups", "timestamps"]);

/** What was found beside the GPUs. */
export interface CudaParts {
  readonly library: CudaLibrary;
  /** CUDA version that the driver supports. */
  readonly version: DriverVersion;
  /** The driver's own version, such as 580.82.07, where the system tells. */
  readonly release: string | undefined;
  readonly compiler: Compiler;
  /** A cuBLAS that is there; whether it loads is seen on first use. */
  readonly cublas: FoundLibrary | undefined;
  /** What cuBLAS loads in turn. */
  readonly cublasCompanions: readonly string[];
}

export class CudaAdapter implements Adapter {
  readonly backend = "cuda";
  readonly index: number;
  readonly id: string;
  readonly kind = "gpu";
  readonly name: string;
  readonly vendor = "NVIDIA";
  readonly driver: string;
  readonly limits: Limits;
  readonly features = features;
  readonly parts: CudaParts;
  readonly gpu: CudaGpu;

  constructor(parts: CudaParts, gpu: CudaGpu, index: number) {
    const { version, release, compiler } = parts;
    this.parts = parts;
    this.gpu = gpu;
    this.index = index;
    this.id = `cuda:${index}`;
    this.name = gpu.name;
    this.driver = [
      `CUDA ${version.join(".")}`,
      ...(release === undefined ? [] : [`driver ${release}`]),
      compilerName(compiler),
    ].join(", ");
    this.limits = gpu.limits;
  }

  /** Rejects with OUT_OF_MEMORY where other programs fill the GPU, DEVICE_LOST where it cannot be opened. */
  open(options: OpenOptions = {}): Promise<Device> {
    return openCudaDevice(this, options);
  }
}

/** The version of the driver, from the running kernel module. */
export async function driverRelease(): Promise<string | undefined> {
  const text = await readFile("/proc/driver/nvidia/version", "latin1").catch(() => "");
  return /Module\s+(?:for \S+\s+)?(\d[\d.]*)/.exec(text)?.[1];
}

async function unusable(gpu: CudaGpu, parts: CudaParts): Promise<CudaProblem | undefined> {
  const { library, compiler, version } = parts;
  if (gpu.isProhibited) {
    const reason = `${gpu.name} is in compute mode "prohibited"`;
    return { reason, fix: `sudo nvidia-smi -i ${gpu.ordinal} -c DEFAULT` };
  }
  let problem: CudaProblem | undefined = unfit(compiler, version, gpu.capability);
  if (problem === undefined && compiler.version[0] > version[0])
    problem = await refusedBy(library, gpu, compiler, version);
  return problem && { ...problem, reason: `${gpu.name} cannot be used: ${problem.reason}` };
}

export interface CudaDiscovery {
  readonly adapters: readonly CudaAdapter[];
  /** Why there are none, or why GPUs that exist cannot be used. */
  readonly problems: readonly CudaProblem[];
}

const none = (problem: CudaProblem): CudaDiscovery => ({ adapters: [], problems: [problem] });

/** Lists NVIDIA's GPUs in the driver's order. Never offers one that kernels cannot be compiled for. */
export async function discoverCuda(): Promise<CudaDiscovery> {
  if (isTurnedOff()) return none({ reason: "AIKORYU_CUDA turns CUDA off", fix: "unset AIKORYU_CUDA" });
  if (libraryPaths().length === 0) return { adapters: [], problems: [] };
  const library = await startCuda();
  if (!("cu" in library)) return none(library);
  try {
    return await describeGpus(library);
  } catch (error) {
    const { message, hint } = toAikoError(error);
    return none({ reason: message, fix: hint });
  }
}

const noDevice = 100;

async function describeGpus(library: CudaLibrary): Promise<CudaDiscovery> {
  const gpus = listGpus(library);
  if (gpus.length === 0) return none(explainStatus(noDevice, await gpuSigns(), library.path));
  const version = driverVersionOf(library);
  const compiler = await findCompiler(version);
  const cublas = await findCublas(version);
  const cublasCompanions = cublas === undefined ? [] : await companionsOf("cublas", cublas.path);
  const release = await driverRelease();
  const parts: CudaParts = { library, version, release, compiler, cublas, cublasCompanions };
  const adapters: CudaAdapter[] = [];
  const problems: CudaProblem[] = [];
  for (const gpu of gpus) {
    const problem = await unusable(gpu, parts);
    if (problem === undefined) adapters.push(new CudaAdapter(parts, gpu, adapters.length));
    else problems.push(problem);
  }
  return { adapters, problems };
}
