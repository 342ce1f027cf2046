import { access, constants, readdir, readFile } from "node:fs/promises";
import { callAsync } from "../../core/native.ts";
import { toAikoError } from "../../errors.ts";
import { type CudaLibrary, loadCuda } from "./library.ts";
import { statusName } from "./status.ts";

/** Why CUDA cannot be used, and what changes that. */
export interface CudaProblem {
  readonly reason: string;
  readonly fix: string | undefined;
}

/** What the machine shows of an NVIDIA GPU, whether its driver works or not. */
export interface GpuSigns {
  readonly platform: NodeJS.Platform;
  /** A GPU of NVIDIA's is on the bus. */
  readonly onBus: boolean;
  /** The kernel's driver made device nodes. */
  readonly nodes: readonly string[];
  /** One of them is not open to this user. */
  readonly denied: string | undefined;
  readonly inContainer: boolean;
  readonly env: NodeJS.ProcessEnv;
}

const nvidiaVendor = "0x10de";
const displayClass = "0x03";

async function isNvidiaOnBus(): Promise<boolean> {
  const root = "/sys/bus/pci/devices";
  const read = (path: string) => readFile(path, "latin1").catch(() => "");
  for (const device of await readdir(root).catch(() => [])) {
    if (!(await read(`${root}/${device}/vendor`)).startsWith(nvidiaVendor)) continue;
    if ((await read(`${root}/${device}/class`)).startsWith(displayClass)) return true;
  }
  return false;
}

const isThere = (path: string, mode = constants.F_OK) =>
  access(path, mode).then(
    () => true,
    () => false,
  );

export async function gpuSigns(): Promise<GpuSigns> {
  const nodes = (await readdir("/dev").catch(() => [])).filter((name) => /^nvidia(\d+|ctl|-uvm)$/.test(name));
  let denied: string | undefined;
  for (const name of nodes)
    if (!(await isThere(`/dev/${name}`, constants.R_OK | constants.W_OK))) denied ??= `/dev/${name}`;
  return {
    platform: process.platform,
    onBus: await isNvidiaOnBus(),
    nodes,
    denied,
    inContainer: (await isThere("/.dockerenv")) || (await isThere("/run/.containerenv")),
    env: process.env,
  };
}

const containerFix = "Start the container with --gpus all (NVIDIA_VISIBLE_DEVICES=all)";
const driverFix = "Install NVIDIA's driver: https://www.nvidia.com/drivers";

/** Why there is no driver to load. */
export function explainMissing(signs: GpuSigns, message: string): CudaProblem {
  const chosen = signs.env.AIKORYU_CUDA;
  if (chosen) return { reason: message, fix: `unset AIKORYU_CUDA (it is ${chosen})` };
  if (signs.nodes.length === 0 && !signs.onBus)
    return { reason: "There is no NVIDIA driver, and no NVIDIA GPU to be seen", fix: undefined };
  if (signs.inContainer) {
    const reason = `The machine has an NVIDIA GPU, but its driver is not in this container: ${message}`;
    return { reason, fix: containerFix };
  }
  return { reason: `The machine has an NVIDIA GPU, but no driver: ${message}`, fix: driverFix };
}

function explainNoDevice({ env, denied, nodes, inContainer, onBus }: GpuSigns): CudaProblem {
  const visible = env.CUDA_VISIBLE_DEVICES;
  if (visible !== undefined) {
    const reason = `CUDA_VISIBLE_DEVICES is "${visible}", which leaves no GPU visible`;
    return { reason, fix: "unset CUDA_VISIBLE_DEVICES" };
  }
  if (denied !== undefined) {
    const reason = `This user may not open ${denied}`;
    return { reason, fix: inContainer ? containerFix : 'sudo usermod -aG video "$USER", then log in again' };
  }
  if (nodes.length === 0 && (inContainer || onBus)) {
    const reason = "The driver is installed, but there is no device node /dev/nvidia0";
    return { reason, fix: inContainer ? containerFix : "sudo nvidia-modprobe -u -c=0" };
  }
  return { reason: "The driver is installed, but it finds no GPU (nvidia-smi lists them)", fix: undefined };
}

/** Why `cuInit` failed. */
export function explainStatus(status: number, signs: GpuSigns, path: string): CudaProblem {
  switch (status) {
    case 34: {
      const reason = `${path} is the stub that programs are linked with, not the driver`;
      const fix = signs.inContainer ? containerFix : "Take the toolkit's stubs folder out of LD_LIBRARY_PATH";
      return { reason, fix };
    }
    case 100:
      return explainNoDevice(signs);
    case 802: {
      const reason = `The GPUs are not ready: ${statusName(status)}`;
      return { reason, fix: "sudo systemctl start nvidia-fabricmanager" };
    }
    case 803: {
      const reason = `The driver's library ${path} is not of the version of the running kernel module: ${statusName(status)}`;
      return { reason, fix: signs.inContainer ? containerFix : "sudo reboot" };
    }
    case 804: {
      const reason = `A compatibility library is loaded that this GPU does not support: ${statusName(status)}`;
      return { reason, fix: "Take the toolkit's compat folder out of LD_LIBRARY_PATH" };
    }
    default: {
      if (signs.denied === undefined)
        return {
          reason: `cuInit failed: ${statusName(status)}`,
          fix: "Run nvidia-smi; reboot if it fails, too",
        };
      const { reason, fix } = explainNoDevice(signs);
      return { reason: `${reason}: ${statusName(status)}`, fix };
    }
  }
}

const started = new WeakMap<CudaLibrary, Promise<number>>();

/** The driver, initialised; or why there is none. */
export async function startCuda(): Promise<CudaLibrary | CudaProblem> {
  let library: CudaLibrary;
  try {
    library = await loadCuda();
  } catch (error) {
    return explainMissing(await gpuSigns(), toAikoError(error).message);
  }
  // Takes 50 to 300 ms, longer where no display server keeps the driver loaded.
  let starting = started.get(library);
  if (starting === undefined) {
    starting = callAsync(library.cu.cuInit, library, 0);
    started.set(library, starting);
  }
  const status = await starting;
  if (status === 0) return library;
  started.delete(library);
  return explainStatus(status, await gpuSigns(), library.path);
}
