import { describe, expect, it } from "vitest";
import { sysfsSource } from "#src/monitor/index.js";
import { pciGraphicsVendors } from "#src/monitor/pci.js";
import { failure } from "../support/errors.js";
import { folderOf } from "../support/files.ts";

const card0 = "class/drm/card0/device";
const amd = {
  [`${card0}/vendor`]: "0x1002",
  [`${card0}/driver`]: "-> ../../../bus/pci/drivers/amdgpu",
  [`${card0}/uevent`]: "DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=1002:73BF\nPCI_SLOT_NAME=0000:0c:00.0",
  [`${card0}/gpu_busy_percent`]: "37",
  [`${card0}/mem_busy_percent`]: "5",
  [`${card0}/mem_info_vram_used`]: "1073741824",
  [`${card0}/mem_info_vram_total`]: "17163091968",
  [`${card0}/hwmon/hwmon3/temp1_input`]: "51000",
  [`${card0}/hwmon/hwmon3/power1_average`]: "42000000",
  [`${card0}/hwmon/hwmon3/power1_cap`]: "203000000",
  [`${card0}/hwmon/hwmon3/freq1_input`]: "2475000000",
  [`${card0}/hwmon/hwmon3/freq2_input`]: "1000000000",
  [`${card0}/hwmon/hwmon3/fan1_input`]: "1500",
  [`${card0}/hwmon/hwmon3/fan1_max`]: "3000",
  "class/drm/card0-DP-1/status": "connected",
  "class/drm/renderD128/dev": "226:128",
};

const intel = {
  "class/drm/card1/device/vendor": "0x8086",
  "class/drm/card1/device/driver": "-> ../../../bus/pci/drivers/i915",
  "class/drm/card1/device/uevent": "DRIVER=i915\nPCI_ID=8086:56A0\nPCI_SLOT_NAME=0000:03:00.0",
  "class/drm/card1/device/hwmon/hwmon4/energy1_input": "123456789",
  "class/drm/card1/device/hwmon/hwmon4/power1_max": "190000000",
  "class/drm/card1/gt_act_freq_mhz": "1300",
};

describe.skipIf(process.platform === "win32")("what Linux's graphics drivers tell", () => {
  it("of an AMD GPU", async () => {
    expect(await sysfsSource(folderOf(amd)).sample()).toMatchObject([
      {
        source: "sysfs",
        id: "0000:0c:00.0",
        name: "AMD GPU 1002:73bf",
        vendor: "AMD",
        driver: "amdgpu",
        gpuUtilization: 0.37,
        memoryUtilization: 0.05,
        memoryUsedBytes: 2 ** 30,
        memoryTotalBytes: 17_163_091_968,
        temperatureCelsius: 51,
        powerWatts: 42,
        powerLimitWatts: 203,
        coreClockHertz: 2.475e9,
        memoryClockHertz: 1e9,
        fanRatio: 0.5,
        processes: undefined,
      },
    ]);
  });

  it("of an AMD GPU that has a product name and newer sensors", async () => {
    const { [`${card0}/hwmon/hwmon3/power1_average`]: _, ...rest } = amd;
    const files = {
      ...rest,
      [`${card0}/product_name`]: "AMD Radeon PRO W7900",
      [`${card0}/hwmon/hwmon3/power1_input`]: "41000000",
    };
    expect(await sysfsSource(folderOf(files)).sample()).toMatchObject([
      { name: "AMD Radeon PRO W7900", powerWatts: 41 },
    ]);
  });

  it("of an Intel GPU, under either driver", async () => {
    expect(await sysfsSource(folderOf({ ...amd, ...intel })).sample()).toMatchObject([
      { vendor: "AMD" },
      {
        id: "0000:03:00.0",
        name: "Intel GPU 8086:56a0",
        coreClockHertz: 1.3e9,
        energyJoules: expect.closeTo(123.456789),
        powerLimitWatts: 190,
        gpuUtilization: undefined,
      },
    ]);
    const xe = {
      "class/drm/card0/device/vendor": "0x8086",
      "class/drm/card0/device/tile0/gt0/freq0/act_freq": "2000",
    };
    expect(await sysfsSource(folderOf(xe)).sample()).toMatchObject([{ id: "card0", coreClockHertz: 2e9 }]);
  });

  it("drops what is no number and what cannot be", async () => {
    const files = {
      ...amd,
      [`${card0}/gpu_busy_percent`]: "4294967295",
      [`${card0}/mem_info_vram_used`]: "N/A",
      [`${card0}/hwmon/hwmon3/temp1_input`]: "",
    };
    expect(await sysfsSource(folderOf(files)).sample()).toMatchObject([
      {
        gpuUtilization: undefined,
        memoryUsedBytes: undefined,
        temperatureCelsius: undefined,
        powerWatts: 42,
      },
    ]);
  });

  it("leaves out NVIDIA's own driver and virtual displays", async () => {
    const none = {
      "class/drm/card0/device/vendor": "0x10de",
      "class/drm/card0/device/driver": "-> ../../../bus/pci/drivers/nvidia",
      "class/drm/card1/device/vendor": "0x1234",
    };
    const error = await failure(() => sysfsSource(folderOf(none)).sample(), "UNSUPPORTED");
    expect(error.message).toContain("no AMD or Intel GPU");
    const absent = await failure(() => sysfsSource(folderOf({})).sample(), "UNSUPPORTED");
    expect(absent.message).toContain("There is no graphics driver");
  });

  it("sorts more than ten cards by number", async () => {
    const cards = [10, 2, 0].map((at) => [`class/drm/card${at}/device/vendor`, "0x1002"] as const);
    const devices = await sysfsSource(folderOf(Object.fromEntries(cards))).sample();
    expect(devices.map(({ id }) => id)).toEqual(["card0", "card2", "card10"]);
  });
});

describe("graphics on the PCI bus", () => {
  it("is found by class", async () => {
    const root = folderOf({
      "bus/pci/devices/0000-00-02.0/class": "0x030000",
      "bus/pci/devices/0000-00-02.0/vendor": "0x8086",
      "bus/pci/devices/0000-00-1f.0/class": "0x060100",
      "bus/pci/devices/0000-00-1f.0/vendor": "0x8086",
      "bus/pci/devices/0000-3b-00.0/class": "0x030200",
      "bus/pci/devices/0000-3b-00.0/vendor": "0x10de",
    });
    expect([...(await pciGraphicsVendors(root))].sort()).toEqual(["0x10de", "0x8086"]);
    expect(await pciGraphicsVendors("/nowhere")).toEqual([]);
  });
});
