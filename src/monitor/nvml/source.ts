import { existsSync } from "node:fs";
import { AikoError, toAikoError } from "../../errors.ts";
import type { DeviceSample, DeviceSource } from "../device-source.ts";
import { pciGraphicsVendors, vendors } from "../pci.ts";
import { describeDevice, type NvmlDevice, sampleDevice } from "./device.ts";
import { type Handle, loadNvml, type Nvml } from "./library.ts";
import { SUCCESS, statusFix, statusText } from "./status.ts";

interface Opened {
  readonly nvml: Nvml;
  readonly driver: string | undefined;
  readonly devices: Map<number, NvmlDevice>;
}

const name = "nvml";

/** NVIDIA's own management library, which its driver installs. */
export function nvmlSource(systemRoot = "/sys"): DeviceSource {
  let opened: Opened | undefined;
  let sampling = false;
  let closing = false;

  async function open(): Promise<Opened> {
    const nvml = await loadNvml().catch(async (error) => {
      throw await explainAbsence(toAikoError(error), systemRoot);
    });
    check(await nvml.call("nvmlInit_v2"), nvml);
    nvml.clear();
    const status = await nvml.call("nvmlSystemGetDriverVersion", nvml.address, 80);
    return { nvml, driver: status === SUCCESS ? nvml.text() : undefined, devices: new Map() };
  }

  async function close(): Promise<void> {
    const { nvml } = opened ?? {};
    opened = undefined;
    closing = false;
    await nvml?.call("nvmlShutdown");
  }

  return {
    name,
    async sample() {
      sampling = true;
      try {
        opened ??= await open();
        return await sampleAll(opened);
      } catch (error) {
        closing = true;
        throw error;
      } finally {
        sampling = false;
        if (closing) await close();
      }
    },
    // NVML is not shut down under a call that may never return.
    async dispose() {
      closing = true;
      if (!sampling) await close();
    },
  };
}

async function sampleAll({ nvml, driver, devices }: Opened): Promise<DeviceSample[]> {
  nvml.clear();
  check(await nvml.call("nvmlDeviceGetCount_v2", nvml.address), nvml);
  const count = nvml.out.getUint32(0, true);
  const samples: DeviceSample[] = [];
  for (let index = 0; index < count; index++) {
    nvml.clear();
    const status = await nvml.call("nvmlDeviceGetHandleByIndex_v2", index, nvml.address);
    const handle: Handle = nvml.out.getBigUint64(0, true);
    const known = devices.get(index);
    const device =
      status === SUCCESS && known?.handle !== handle
        ? await describeDevice(nvml, { index, handle, driver })
        : (known ?? {
            index,
            handle,
            driver,
            id: `nvml:${index}`,
            name: `GPU ${index}`,
            pciAddress: undefined,
          });
    if (status === SUCCESS) devices.set(index, device);
    samples.push(await sampleDevice(nvml, device, status));
  }
  return samples;
}

function check(status: number, { path }: Nvml): void {
  if (status === SUCCESS) return;
  throw new AikoError("UNSUPPORTED", {
    message: `${path}: ${statusText(status)}`,
    hint: statusFix(status) ?? "nvidia-smi may say more",
  });
}

async function explainAbsence(error: AikoError, systemRoot: string): Promise<AikoError> {
  const { message } = error;
  const chosen = process.env["AIKORYU_NVML"];
  if (chosen)
    return new AikoError("UNSUPPORTED", {
      message,
      hint: `unset AIKORYU_NVML (it is ${chosen})`,
      cause: error,
    });
  if (process.platform !== "linux")
    return new AikoError("UNSUPPORTED", {
      message: `NVIDIA's driver is not installed: ${message}`,
      cause: error,
    });
  if (existsSync("/proc/driver/nvidia/version") || existsSync("/dev/nvidiactl"))
    return new AikoError("UNSUPPORTED", {
      message,
      hint: "The driver runs, but its library is not here. In a container: NVIDIA_DRIVER_CAPABILITIES=compute,utility",
      cause: error,
    });
  if ((await pciGraphicsVendors(systemRoot)).includes(vendors.nvidia))
    return new AikoError("UNSUPPORTED", {
      message,
      hint: "Install NVIDIA's driver (Ubuntu: sudo ubuntu-drivers install); in a container, start it with --gpus all",
      cause: error,
    });
  return new AikoError("UNSUPPORTED", { message: "There is no NVIDIA GPU, nor its driver", cause: error });
}
