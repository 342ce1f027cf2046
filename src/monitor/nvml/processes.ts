import type { DeviceProcess } from "../device-source.ts";
import type { Handle, Nvml, NvmlFunction } from "./library.ts";
import { FUNCTION_NOT_FOUND, INSUFFICIENT_SIZE, NO_PERMISSION, SUCCESS, statusText } from "./status.ts";

const countBytes = 8;
/** nvmlProcessInfo_v2_t: pid, used memory, and two ids of a GPU's partition. */
const entryBytes = 24;
const most = 2048;
const nameBytes = 1024;
const noValue = 0xffffffffffffffffn;

const kinds: readonly (readonly NvmlFunction[])[] = [
  ["nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"],
  ["nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2"],
];

export interface Processes {
  readonly processes: readonly DeviceProcess[] | undefined;
  readonly problem: string | undefined;
}

/** Programs that compute or draw on a device. One that does both counts once, with the memory NVML gives for either. */
export async function readProcesses(nvml: Nvml, handle: Handle): Promise<Processes> {
  const found = new Map<number, number | undefined>();
  let known = false;
  let problem: string | undefined;
  for (const versions of kinds) {
    const status = await list(nvml, handle, versions);
    known ||= status === SUCCESS;
    if (status === NO_PERMISSION) problem = statusText(status);
    if (status === INSUFFICIENT_SIZE) problem = `there are more than ${most} of them`;
    if (status !== SUCCESS) continue;
    const count = Math.min(most, nvml.out.getUint32(0, true));
    for (let at = 0; at < count; at++) {
      const offset = countBytes + at * entryBytes;
      const bytes = nvml.out.getBigUint64(offset + 8, true);
      const memory = bytes === noValue ? undefined : Number(bytes);
      const pid = nvml.out.getUint32(offset, true);
      found.set(pid, memory ?? found.get(pid));
    }
  }
  if (!known) return { processes: undefined, problem };
  const processes: DeviceProcess[] = [];
  for (const [pid, memoryBytes] of found) processes.push({ pid, name: await nameOf(nvml, pid), memoryBytes });
  return { processes, problem };
}

async function list(nvml: Nvml, handle: Handle, versions: readonly NvmlFunction[]): Promise<number> {
  const name = versions.find((one) => nvml.has(one));
  if (name === undefined) return FUNCTION_NOT_FOUND;
  nvml.out.setUint32(0, most, true);
  return nvml.call(name, handle, nvml.address, nvml.address + countBytes);
}

async function nameOf(nvml: Nvml, pid: number): Promise<string | undefined> {
  nvml.clear();
  const status = await nvml.call("nvmlSystemGetProcessName", pid, nvml.address, nameBytes);
  return (status === SUCCESS && nvml.text(0, nameBytes)) || undefined;
}
