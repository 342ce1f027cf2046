import { readdir, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { AikoError } from "../errors.ts";
import { type DeviceSample, type DeviceSource, deviceSample } from "./device-source.ts";
import { vendors } from "./pci.ts";
import { percentage, readNumber, readText, scaled } from "./read.ts";

const name = "sysfs";
const vendorNames: Readonly<Record<string, string>> = {
  [vendors.nvidia]: "NVIDIA",
  [vendors.amd]: "AMD",
  [vendors.intel]: "Intel",
};

/** What Linux's graphics drivers tell of AMD's and Intel's GPUs: files that anybody may read. */
export function sysfsSource(root = "/sys"): DeviceSource {
  return {
    name,
    async sample() {
      if (process.platform !== "linux" && root === "/sys")
        throw new AikoError("UNSUPPORTED", { message: "Only Linux has /sys" });
      const cards = join(root, "class", "drm");
      const names = await readdir(cards).catch(() => undefined);
      if (names === undefined)
        throw new AikoError("UNSUPPORTED", {
          message: `There is no graphics driver: ${cards} does not exist`,
        });
      const found = names.filter((card) => /^card\d+$/.test(card)).sort(byNumber);
      const samples = await Promise.all(found.map((card) => sampleCard(join(cards, card))));
      const devices = samples.filter((sample) => sample !== undefined);
      if (devices.length === 0)
        throw new AikoError("UNSUPPORTED", { message: `${cards} has no AMD or Intel GPU` });
      return devices;
    },
  };
}

function byNumber(a: string, b: string): number {
  return Number(a.slice(4)) - Number(b.slice(4));
}

/** Nothing for what is no GPU, and for NVIDIA's driver, which writes nothing here. */
async function sampleCard(card: string): Promise<DeviceSample | undefined> {
  const device = join(card, "device");
  const vendor = await readText(join(device, "vendor"));
  const driver = basename(await readlink(join(device, "driver")).catch(() => ""));
  if (vendor === undefined || vendorNames[vendor] === undefined || driver === "nvidia") return undefined;
  const events = (await readText(join(device, "uevent"))) ?? "";
  const pciAddress = /^PCI_SLOT_NAME=(\S+)$/m.exec(events)?.[1];
  const pciId = /^PCI_ID=(\S+)$/m.exec(events)?.[1];
  const product = await readText(join(device, "product_name"));
  const number = (file: string) => readNumber(join(device, file));
  return deviceSample(
    {
      source: name,
      id: pciAddress ?? basename(card),
      name: product || `${vendorNames[vendor]} GPU${pciId === undefined ? "" : ` ${pciId.toLowerCase()}`}`,
    },
    {
      vendor: vendorNames[vendor],
      pciAddress,
      driver: driver || undefined,
      gpuUtilization: percentage(await number("gpu_busy_percent")),
      memoryUtilization: percentage(await number("mem_busy_percent")),
      memoryUsedBytes: await number("mem_info_vram_used"),
      memoryTotalBytes: await number("mem_info_vram_total"),
      ...(await sampleSensors(device)),
      ...(await sampleClocks(card, device)),
    },
  );
}

/** https://docs.kernel.org/hwmon/sysfs-interface.html: millidegrees, microwatts, microjoules, hertz. */
async function sampleSensors(device: string): Promise<Partial<DeviceSample>> {
  const folders = await readdir(join(device, "hwmon")).catch(() => []);
  const folder = folders.find((one) => one.startsWith("hwmon"));
  if (folder === undefined) return {};
  const number = (file: string) => readNumber(join(device, "hwmon", folder, file));
  const [fan, fanMost, pwm] = [await number("fan1_input"), await number("fan1_max"), await number("pwm1")];
  return {
    temperatureCelsius: scaled(await number("temp1_input"), 1e-3),
    powerWatts: scaled((await number("power1_average")) ?? (await number("power1_input")), 1e-6),
    powerLimitWatts: scaled((await number("power1_cap")) ?? (await number("power1_max")), 1e-6),
    energyJoules: scaled(await number("energy1_input"), 1e-6),
    fanRatio: fan !== undefined && fanMost ? fan / fanMost : scaled(pwm, 1 / 255),
  };
}

/** AMD's driver gives hertz beside its sensors; Intel's i915 gives megahertz beside the card, xe below its tile. */
async function sampleClocks(card: string, device: string): Promise<Partial<DeviceSample>> {
  const folders = await readdir(join(device, "hwmon")).catch(() => []);
  const sensors = join(device, "hwmon", folders.find((one) => one.startsWith("hwmon")) ?? "none");
  const amd = await readNumber(join(sensors, "freq1_input"));
  const megahertz =
    (await readNumber(join(card, "gt_act_freq_mhz"))) ??
    (await readNumber(join(card, "gt", "gt0", "rps_act_freq_mhz"))) ??
    (await readNumber(join(device, "tile0", "gt0", "freq0", "act_freq")));
  return {
    coreClockHertz: amd ?? scaled(megahertz, 1e6),
    memoryClockHertz: await readNumber(join(sensors, "freq2_input")),
  };
}
