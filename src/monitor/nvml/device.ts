import { basename } from "node:path";
import { type DeviceSample, deviceSample } from "../device-source.ts";
import { percentage, scaled } from "../read.ts";
import type { Handle, Nvml, NvmlFunction } from "./library.ts";
import { readProcesses } from "./processes.ts";
import { Reader } from "./reader.ts";
import { SUCCESS, statusText } from "./status.ts";

export interface NvmlDevice {
  readonly index: number;
  readonly handle: Handle;
  readonly driver: string | undefined;
  readonly id: string;
  readonly name: string;
  readonly pciAddress: string | undefined;
}

const TEMPERATURE_GPU = 0;
const CLOCK_SM = 1;
const CLOCK_MEMORY = 2;
const PCIE_TRANSMIT = 0;
const PCIE_RECEIVE = 1;
const ECC_UNCORRECTED = 1;
const ECC_VOLATILE = 0;

/** nvmlClocksEventReasons, less the reasons that are no throttling: idle, and clocks set on purpose. */
const throttleBits: readonly (readonly [bit: number, reason: string])[] = [
  [0x04, "power"],
  [0x08, "hardware"],
  [0x10, "sync boost"],
  [0x20, "temperature"],
  [0x40, "hardware temperature"],
  [0x80, "power brake"],
];

/** What does not change while the driver runs. */
export async function describeDevice(
  nvml: Nvml,
  { index, handle, driver }: Pick<NvmlDevice, "index" | "handle" | "driver">,
): Promise<NvmlDevice> {
  const text = async (name: NvmlFunction, length: number) => {
    nvml.clear();
    const status = await nvml.call(name, handle, nvml.address, length);
    return status === SUCCESS ? nvml.text(0, length) : undefined;
  };
  const uuid = await text("nvmlDeviceGetUUID", 96);
  const name = await text("nvmlDeviceGetName", 96);
  const pciAddress = await readPciAddress(nvml, handle);
  return {
    index,
    handle,
    driver,
    id: uuid || pciAddress || `nvml:${index}`,
    name: name || `GPU ${index}`,
    pciAddress,
  };
}

async function readPciAddress(nvml: Nvml, handle: Handle): Promise<string | undefined> {
  const busIdAt = 36;
  nvml.clear();
  const status = await nvml.call("nvmlDeviceGetPciInfo_v3", handle, nvml.address);
  return status === SUCCESS ? linuxPciAddress(nvml.text(busIdAt, 32)) : undefined;
}

/** NVIDIA writes eight digits of domain, in capitals. */
export function linuxPciAddress(address: string): string | undefined {
  const parts = /^([0-9a-f]{4,8}):([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i.exec(address);
  if (parts === null) return undefined;
  const domain = Number.parseInt(parts[1] ?? "0", 16)
    .toString(16)
    .padStart(4, "0");
  return `${domain}:${parts[2]?.toLowerCase()}`;
}

/** `status` is what getting the device's handle brought. */
export async function sampleDevice(nvml: Nvml, device: NvmlDevice, status: number): Promise<DeviceSample> {
  const { id, name, pciAddress, driver } = device;
  const identity = { source: "nvml", id, name } as const;
  const known = { vendor: "NVIDIA", pciAddress, driver };
  const lost = (code: number) => deviceSample(identity, { ...known, problem: statusText(code) });
  if (status !== SUCCESS) return lost(status);
  const reader = new Reader(nvml, device.handle);
  const values = await readValues(reader);
  if (reader.fatal !== undefined) return lost(reader.fatal);
  const { processes, problem } = await readProcesses(nvml, device.handle);
  if (problem !== undefined) reader.missing["processes"] = problem;
  return deviceSample(identity, {
    ...known,
    ...values,
    processes: processes?.map((one) => ({ ...one, name: one.name && basename(one.name) })),
    missing: reader.missing,
  });
}

async function readValues(reader: Reader): Promise<Partial<DeviceSample>> {
  const [gpu, memory] = await reader.pair("gpuUtilization", "nvmlDeviceGetUtilizationRates");
  const { used, total } = await reader.memory();
  const temperature = "nvmlDeviceGetTemperature";
  const clock = "nvmlDeviceGetClockInfo";
  const pcie = "nvmlDeviceGetPcieThroughput";
  return {
    gpuUtilization: percentage(gpu),
    memoryUtilization: percentage(memory),
    memoryUsedBytes: used,
    memoryTotalBytes: total,
    temperatureCelsius: await reader.word("temperatureCelsius", temperature, TEMPERATURE_GPU),
    powerWatts: scaled(await reader.word("powerWatts", "nvmlDeviceGetPowerUsage"), 1e-3),
    powerLimitWatts: scaled(await reader.word("powerLimitWatts", "nvmlDeviceGetEnforcedPowerLimit"), 1e-3),
    energyJoules: scaled(await reader.long("energyJoules", "nvmlDeviceGetTotalEnergyConsumption"), 1e-3),
    coreClockHertz: scaled(await reader.word("coreClockHertz", clock, CLOCK_SM), 1e6),
    memoryClockHertz: scaled(await reader.word("memoryClockHertz", clock, CLOCK_MEMORY), 1e6),
    fanRatio: scaled(await reader.word("fanRatio", "nvmlDeviceGetFanSpeed"), 0.01),
    pcieReceiveBytesPerSecond: scaled(
      await reader.word("pcieReceiveBytesPerSecond", pcie, PCIE_RECEIVE),
      1000,
    ),
    pcieTransmitBytesPerSecond: scaled(
      await reader.word("pcieTransmitBytesPerSecond", pcie, PCIE_TRANSMIT),
      1000,
    ),
    eccErrors: await reader.long("eccErrors", "nvmlDeviceGetTotalEccErrors", ECC_UNCORRECTED, ECC_VOLATILE),
    throttleReasons: reasonsOf(
      await reader.long("throttleReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"),
    ),
  };
}

function reasonsOf(bits: number | undefined): readonly string[] | undefined {
  if (bits === undefined) return undefined;
  return throttleBits.filter(([bit]) => (bits & bit) !== 0).map(([, reason]) => reason);
}
