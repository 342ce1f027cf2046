import { spawn } from "node:child_process";
import { basename } from "node:path";
import { AikoError } from "../errors.ts";
import { type DeviceProcess, type DeviceSample, type DeviceSource, deviceSample } from "./device-source.ts";
import { linuxPciAddress } from "./nvml/device.ts";
import { parseNumber, percentage, scaled } from "./read.ts";

const name = "nvidia-smi";
const timeoutMs = 10_000;
/** A call starts a process that talks to every GPU: 20 ms to a second. */
const shortestIntervalMs = 2000;

/** In the order of the columns asked for. Versions differ; one that a version does not know is left out. */
export const queryFields: readonly string[] = [
  "uuid",
  "name",
  "pci.bus_id",
  "driver_version",
  "utilization.gpu",
  "utilization.memory",
  "memory.used",
  "memory.total",
  "temperature.gpu",
  "power.draw",
  "enforced.power.limit",
  "clocks.sm",
  "clocks.mem",
  "fan.speed",
  "ecc.errors.uncorrected.volatile.total",
];

const processFields = ["gpu_uuid", "pid", "process_name", "used_gpu_memory"];

/** NVIDIA's command, for where its library cannot be loaded into this process. */
export function nvidiaSmiSource(command = "nvidia-smi"): DeviceSource {
  let fields = queryFields;
  let last: { readonly at: number; readonly devices: readonly DeviceSample[] } | undefined;

  async function query(): Promise<string> {
    for (;;) {
      const { status, output } = await run(command, ["--query-gpu", fields]);
      if (status === 0) return output;
      const unknown = /Field "([^"]+)" is not a valid field to query/.exec(output)?.[1];
      if (unknown === undefined || !fields.includes(unknown)) throw failed(command, status, output);
      fields = fields.filter((field) => field !== unknown);
    }
  }

  return {
    name,
    async sample() {
      if (last !== undefined && performance.now() - last.at < shortestIntervalMs) return last.devices;
      const text = await query();
      const { status, output } = await run(command, ["--query-compute-apps", processFields]);
      const devices = parseDevices(text, fields, status === 0 ? parseProcesses(output) : undefined);
      last = { at: performance.now(), devices };
      return devices;
    },
  };
}

type ByDevice = ReadonlyMap<string, readonly DeviceProcess[]>;

export function parseDevices(
  text: string,
  fields: readonly string[],
  processes: ByDevice | undefined,
): DeviceSample[] {
  return rows(text).map((cells, index) => {
    const cell = (field: string) => present(cells[fields.indexOf(field)]);
    const number = (field: string, factor = 1) => scaled(parseNumber(cell(field)), factor);
    const mebibyte = 2 ** 20;
    const uuid = cell("uuid");
    const pciAddress = linuxPciAddress(cell("pci.bus_id") ?? "");
    const id = uuid ?? pciAddress ?? `${name}:${index}`;
    return deviceSample(
      { source: name, id, name: cell("name") ?? `GPU ${index}` },
      {
        vendor: "NVIDIA",
        pciAddress,
        driver: cell("driver_version"),
        gpuUtilization: percentage(number("utilization.gpu")),
        memoryUtilization: percentage(number("utilization.memory")),
        memoryUsedBytes: number("memory.used", mebibyte),
        memoryTotalBytes: number("memory.total", mebibyte),
        temperatureCelsius: number("temperature.gpu"),
        powerWatts: number("power.draw"),
        powerLimitWatts: number("enforced.power.limit"),
        coreClockHertz: number("clocks.sm", 1e6),
        memoryClockHertz: number("clocks.mem", 1e6),
        fanRatio: number("fan.speed", 0.01),
        eccErrors: number("ecc.errors.uncorrected.volatile.total"),
        processes: processes === undefined ? undefined : (processes.get(id) ?? []),
        problem: cells.some((one) => one === "[GPU is lost]") ? "the GPU is lost" : undefined,
      },
    );
  });
}

export function parseProcesses(text: string): ByDevice {
  const byDevice = new Map<string, DeviceProcess[]>();
  for (const cells of rows(text)) {
    const [uuid, pid] = [cells[0] ?? "", parseNumber(cells[1])];
    if (pid === undefined || cells.length < processFields.length) continue;
    // A program's name may hold commas.
    const path = present(cells.slice(2, -1).join(", "));
    const memoryBytes = scaled(parseNumber(present(cells.at(-1))), 2 ** 20);
    const own = byDevice.get(uuid) ?? [];
    own.push({ pid, name: path === undefined ? undefined : basename(path), memoryBytes });
    byDevice.set(uuid, own);
  }
  return byDevice;
}

function rows(text: string): string[][] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.includes(","))
    .map((line) => line.split(",").map((cell) => cell.trim()));
}

/** Values that are not there: "[N/A]", "N/A", "[Not Supported]", "[Unknown Error]", "[Insufficient Permissions]". */
function present(cell: string | undefined): string | undefined {
  return cell === undefined || cell === "" || cell === "N/A" || /^\[.*\]$/.test(cell) ? undefined : cell;
}

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

function run(command: string, [what, fields]: readonly [string, readonly string[]]): Promise<Ended> {
  const args = [`${what}=${fields.join(",")}`, "--format=csv,noheader,nounits"];
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
      });
    }
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    child.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const message =
        error.code === "ENOENT" ? `${command} is not installed` : `${command}: ${error.message}`;
      reject(new AikoError("UNSUPPORTED", { message, cause: error }));
    });
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ status, output });
    });
  });
}

function failed(command: string, status: number | null, output: string): AikoError {
  const said = output.trim().split("\n")[0] ?? "";
  const why = status === null ? `was ended after ${timeoutMs / 1000} s` : `ended with status ${status}`;
  return new AikoError("UNSUPPORTED", {
    message: `${command} ${why}${said === "" ? "" : `: ${said}`}`,
    hint: /driver/i.test(said) ? "Install or load NVIDIA's driver: sudo modprobe nvidia" : undefined,
  });
}
