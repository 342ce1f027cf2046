import { join } from "node:path";
import { parseNumber, readText, scaled } from "../read.ts";

/** What the container, or the service, that this process runs in may use; `undefined` where nothing limits it. */
export interface CgroupUsage {
  readonly memoryLimitBytes: number | undefined;
  /** By the group that has the limit, without file pages that can be dropped, as Kubernetes counts it. */
  readonly memoryUsedBytes: number | undefined;
  /** Processor time per time: 1.5 is one core and a half. */
  readonly cpuLimitCores: number | undefined;
  /** Processor time used so far by the group that has the limit. */
  readonly cpuSeconds: number | undefined;
}

export interface CgroupPaths {
  /** Path in the unified hierarchy (version 2). */
  readonly unified: string | undefined;
  /** Paths in version 1, by controller. */
  readonly controllers: ReadonlyMap<string, string>;
}

/** Version 1 writes 2^63 less a page where there is no limit. */
const noLimit = 2 ** 62;

/** The text of /proc/self/cgroup: `hierarchy:controllers:path` a line. */
export function parseCgroupPaths(text: string): CgroupPaths {
  let unified: string | undefined;
  const controllers = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [hierarchy, names = "", ...rest] = line.split(":");
    const path = rest.join(":");
    if (path === "") continue;
    if (hierarchy === "0" && names === "") unified = path;
    else for (const name of names.split(",")) controllers.set(name, path);
  }
  return { unified, controllers };
}

/** A folder and those above it. A container sees its own group as the root, whatever /proc says. */
function upwards(mount: string, path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..");
  return [...parts.map((_, at) => join(mount, ...parts.slice(0, parts.length - at))), mount];
}

type Read = (folder: string) => Promise<number | undefined>;

interface Limit {
  readonly folder: string;
  readonly value: number;
}

/** The tightest limit among a group's own and those of the groups around it. */
async function tightest(folders: readonly string[], read: Read): Promise<Limit | undefined> {
  let found: Limit | undefined;
  for (const folder of folders) {
    const value = await read(folder);
    if (value !== undefined && value < noLimit && value < (found?.value ?? noLimit))
      found = { folder, value };
  }
  return found;
}

function number(file: string): Read {
  return async (folder) => parseNumber(await readText(join(folder, file)));
}

function entry(file: string, key: string): Read {
  const line = new RegExp(`^${key} (\\d+)$`, "m");
  return async (folder) => parseNumber(line.exec((await readText(join(folder, file))) ?? "")?.[1]);
}

/** One version's names of the same things. */
interface Version {
  readonly memoryLimit: Read;
  readonly memoryUsed: Read;
  readonly memoryInactive: Read;
  readonly cpuLimit: Read;
  readonly cpuSeconds: Read;
}

const version2: Version = {
  memoryLimit: number("memory.max"),
  memoryUsed: number("memory.current"),
  memoryInactive: entry("memory.stat", "inactive_file"),
  cpuLimit: async (folder) => {
    const [quota, period] = ((await readText(join(folder, "cpu.max"))) ?? "").split(" ").map(parseNumber);
    return quota !== undefined && period ? quota / period : undefined;
  },
  cpuSeconds: async (folder) => scaled(await entry("cpu.stat", "usage_usec")(folder), 1e-6),
};

const version1: Version = {
  memoryLimit: number("memory.limit_in_bytes"),
  memoryUsed: number("memory.usage_in_bytes"),
  memoryInactive: entry("memory.stat", "total_inactive_file"),
  cpuLimit: async (folder) => {
    const quota = await number("cpu.cfs_quota_us")(folder);
    const period = await number("cpu.cfs_period_us")(folder);
    return quota !== undefined && period ? quota / period : undefined;
  },
  cpuSeconds: async (folder) =>
    scaled(await number("cpuacct.usage")(folder.replace("/cgroup/cpu", "/cgroup/cpuacct")), 1e-9),
};

async function memoryOf(version: Version, folders: readonly string[]) {
  const limit = await tightest(folders, version.memoryLimit);
  if (limit === undefined) return undefined;
  const used = await version.memoryUsed(limit.folder);
  const inactive = (await version.memoryInactive(limit.folder)) ?? 0;
  return { limit: limit.value, used: used === undefined ? undefined : Math.max(0, used - inactive) };
}

async function cpuOf(version: Version, folders: readonly string[]) {
  const limit = await tightest(folders, version.cpuLimit);
  return limit && { limit: limit.value, seconds: await version.cpuSeconds(limit.folder) };
}

/** Reads version 2, and version 1 where that has no limit. */
export async function readCgroup(root = "/"): Promise<CgroupUsage> {
  const paths = parseCgroupPaths((await readText(join(root, "proc", "self", "cgroup"))) ?? "");
  const mount = join(root, "sys", "fs", "cgroup");
  const unified = upwards(mount, paths.unified ?? "/");
  const own = (controller: string) =>
    upwards(join(mount, controller), paths.controllers.get(controller) ?? "/");
  const memory = (await memoryOf(version2, unified)) ?? (await memoryOf(version1, own("memory")));
  const cpu = (await cpuOf(version2, unified)) ?? (await cpuOf(version1, own("cpu")));
  return {
    memoryLimitBytes: memory?.limit,
    memoryUsedBytes: memory?.used,
    cpuLimitCores: cpu?.limit,
    cpuSeconds: cpu?.seconds,
  };
}
