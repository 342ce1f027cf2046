import { open } from "aikoryu";

/**
 * @typedef {object} Row
 * @property {string} family
 * @property {string} operation
 * @property {string} case
 * @property {{ ms: number, placement: string, device: string, reason: string }} ours
 * @property {number | null} gpuMs
 * @property {number | null} cpuMs
 * @property {{ name: string, version: string, ms: number }[]} peers
 * @property {number | null} ratio the best peer's time over ours
 * @property {{ kind: "bandwidth" | "flops" | "rate", unit: string, measured: number, share: number } | null} limit
 *
 * @typedef {{ copyBytesPerSecond: number, flopsPerSecond: number }} DeviceLimits
 *
 * @typedef {object} Bench
 * @property {import("aikoryu").Gpu} gpu
 * @property {import("aikoryu/device").Device | undefined} device the best device, if there is one
 * @property {() => Promise<DeviceLimits>} measureLimits what that device reaches now
 * @property {(text: string) => void} progress
 */

/** @type {Record<string, () => Promise<{ rows: (bench: Bench) => Promise<Row[]> }>>} */
const modules = {
  matrix: () => import("./matrix.mjs"),
  runtime: () => import("./runtime.mjs"),
  nn: () => import("./nn.mjs"),
  data: () => import("./data.mjs"),
  agents: () => import("./agents.mjs"),
  llm: () => import("./llm.mjs"),
  kernels: () => import("./kernels.mjs"),
};

export const families = Object.keys(modules);

/**
 * @param {object} options
 * @param {readonly string[]} options.families
 * @param {(text: string) => void} options.progress
 * @param {(device: import("aikoryu/device").Device) => Promise<DeviceLimits>} options.measureDevice
 */
export async function run({ families: chosen, progress, measureDevice }) {
  const gpu = await open();
  try {
    const [adapter] = await gpu.adapters();
    const device = adapter === undefined ? undefined : await gpu.device();
    progress("measuring the device's limits");
    const measureLimits = () => measureDevice(/** @type {import("aikoryu/device").Device} */ (device));
    const limits = device === undefined ? undefined : await measureLimits();
    const rows = [];
    for (const family of chosen) {
      const { rows: measure } = await modules[family]();
      rows.push(...(await measure({ gpu, device, measureLimits, progress })));
    }
    const devices = adapter === undefined ? [] : [describe(adapter, limits)];
    return { devices, rows };
  } finally {
    await gpu.dispose();
  }
}

/** @param {import("aikoryu/device").Adapter} adapter @param {DeviceLimits | undefined} limits */
function describe({ id, name, kind, driver }, limits) {
  return { id, name, kind, driver, ...limits };
}
