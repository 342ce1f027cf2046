import { readdir, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { posix, win32 } from "node:path";

/** Where libraries may be, and how to look there: the machine's own, or one made up by a test. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  /** Names in a directory; none where it cannot be read. */
  list(directory: string): Promise<readonly string[]>;
  /** The file that a link leads to; the path itself where there is none. */
  resolve(path: string): Promise<string>;
}

export const thisMachine: Machine = {
  platform: process.platform,
  arch: process.arch,
  env: process.env,
  home: homedir(),
  list: (directory) => readdir(directory).catch(() => []),
  resolve: (path) => realpath(path).catch(() => path),
};

export type LibraryName = "nvrtc" | "cublas";

export interface FoundLibrary {
  readonly path: string;
  readonly major: number;
  /** As far as the file's name tells. */
  readonly minor: number;
}

const variables: Readonly<Record<LibraryName, string>> = { nvrtc: "AIKORYU_NVRTC", cublas: "AIKORYU_CUBLAS" };

/** Folders of pip's packages: nvidia-cuda-nvrtc-cu12 fills the first, nvidia-cuda-nvrtc (from 13 on) a common one. */
const pipFolders: Readonly<Record<LibraryName, string>> = { nvrtc: "cuda_nvrtc", cublas: "cublas" };

/** The library a variable names, or undefined where it is not set. */
export function chosenLibrary(name: LibraryName, machine: Machine = thisMachine): string | undefined {
  return machine.env[variables[name]] || undefined;
}

const linuxArch: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

function pathsOf(machine: Machine, name: string): string[] {
  const separator = machine.platform === "win32" ? ";" : ":";
  return (machine.env[name] ?? "").split(separator).filter((path) => path !== "");
}

/** Folders named like versions, newest first. */
async function versions(machine: Machine, directory: string, pattern: RegExp): Promise<string[]> {
  const { join } = machine.platform === "win32" ? win32 : posix;
  const names = (await machine.list(directory)).filter((name) => pattern.test(name));
  const collator = new Intl.Collator("en", { numeric: true });
  return names.sort((a, b) => collator.compare(b, a)).map((name) => join(directory, name));
}

/** Toolkits: those that variables name, then the others, newest first. */
export async function toolkitRoots(machine: Machine = thisMachine): Promise<string[]> {
  const { env, platform } = machine;
  const named = [env.CUDA_HOME, env.CUDA_PATH].filter((path) => path !== undefined && path !== "");
  const found =
    platform === "win32"
      ? await versions(
          machine,
          win32.join(env.ProgramFiles ?? "C:\\Program Files", "NVIDIA GPU Computing Toolkit", "CUDA"),
          /^v\d/,
        )
      : [...(await versions(machine, "/usr/local", /^cuda-\d/)), "/usr/local/cuda", "/opt/cuda"];
  return [...new Set([...named, ...found].filter((path) => path !== undefined))];
}

/** `site-packages` of the Pythons that are in known places. */
async function pythonRoots(machine: Machine): Promise<string[]> {
  const { env, home, platform } = machine;
  const prefixes = [env.VIRTUAL_ENV, env.CONDA_PREFIX].filter((path) => path !== undefined && path !== "");
  if (platform === "win32") {
    const installed = win32.join(env.LOCALAPPDATA ?? home, "Programs", "Python");
    const all = [...prefixes, ...(await versions(machine, installed, /^Python\d/))];
    return all.map((prefix) => win32.join(prefix ?? "", "Lib", "site-packages"));
  }
  prefixes.push(posix.join(home, ".local"), "/usr/local", "/usr", "/opt/conda");
  const roots: string[] = [];
  for (const prefix of new Set(prefixes))
    for (const python of await versions(machine, posix.join(prefix ?? "", "lib"), /^python3/))
      roots.push(posix.join(python, "site-packages"), posix.join(python, "dist-packages"));
  return roots;
}

/** Folders that may hold a library, likeliest first. */
export async function libraryFolders(name: LibraryName, machine: Machine = thisMachine): Promise<string[]> {
  const { platform, arch, env } = machine;
  const toolkits = await toolkitRoots(machine);
  const pythons = await pythonRoots(machine);
  const folders: string[] = [];
  if (platform === "win32") {
    for (const root of toolkits) folders.push(win32.join(root, "bin", "x64"), win32.join(root, "bin"));
    for (const root of pythons) {
      const nvidia = win32.join(root, "nvidia");
      folders.push(win32.join(nvidia, pipFolders[name], "bin"));
      for (const common of await versions(machine, nvidia, /^cu\d+$/))
        folders.push(win32.join(common, "bin", "x86_64"), win32.join(common, "bin"));
    }
    return [...folders, ...pathsOf(machine, "PATH")];
  }
  const triple = linuxArch[arch] ?? arch;
  for (const root of toolkits)
    folders.push(
      posix.join(root, "lib64"),
      posix.join(root, "targets", `${triple === "aarch64" ? "sbsa" : triple}-linux`, "lib"),
      posix.join(root, "lib"),
    );
  for (const root of pythons) {
    const nvidia = posix.join(root, "nvidia");
    folders.push(posix.join(nvidia, pipFolders[name], "lib"));
    for (const common of await versions(machine, nvidia, /^cu\d+$/)) folders.push(posix.join(common, "lib"));
  }
  if (env.CONDA_PREFIX) folders.push(posix.join(env.CONDA_PREFIX, "lib"));
  folders.push(
    ...pathsOf(machine, "LD_LIBRARY_PATH"),
    `/usr/lib/${triple}-linux-gnu`,
    "/usr/lib64",
    "/usr/lib",
  );
  return [...new Set(folders)];
}

/** The version in a library's file name, as `libnvrtc.so.12.4.127`, `nvrtc64_120_0.dll` or `cublas64_12.dll`. */
export function versionOf(name: LibraryName, file: string): { major: number; minor: number } | undefined {
  const linux = new RegExp(`^lib${name}\\.so\\.(\\d+)(?:\\.(\\d+))?`).exec(file);
  if (linux !== null) return { major: Number(linux[1]), minor: Number(linux[2] ?? 0) };
  const windows = new RegExp(`^${name}64_(\\d\\d)(\\d)?(?:_\\d+)?\\.dll$`).exec(file);
  if (windows !== null) return { major: Number(windows[1]), minor: Number(windows[2] ?? 0) };
  return undefined;
}

/** The version in the name of a file, or of the file that a link leads to; 0.0 where neither tells. */
export async function versionOfFile(name: LibraryName, path: string, machine: Machine = thisMachine) {
  const { basename } = machine.platform === "win32" ? win32 : posix;
  const target = await machine.resolve(path);
  return versionOf(name, basename(target)) ?? versionOf(name, basename(path)) ?? { major: 0, minor: 0 };
}

/** What each library loads by name, though it lies in its own folder: pip's packages for CUDA 13 have no run path. */
const companions: Readonly<Record<LibraryName, RegExp>> = {
  nvrtc: /^(lib)?nvrtc-builtins(\.so\.|64_).*\d/,
  cublas: /^(lib)?cublasLt(\.so\.|64_).*\d/,
};

/** Files in a library's folder to load before it. */
export async function companionsOf(
  name: LibraryName,
  path: string,
  machine: Machine = thisMachine,
): Promise<string[]> {
  const { dirname, join, isAbsolute } = machine.platform === "win32" ? win32 : posix;
  if (!isAbsolute(path)) return [];
  const folder = dirname(path);
  return (await machine.list(folder))
    .filter((file) => companions[name].test(file))
    .map((file) => join(folder, file));
}

/** Every such library in known places, in the order of the places; one a file. */
export async function findLibraries(
  name: LibraryName,
  machine: Machine = thisMachine,
): Promise<FoundLibrary[]> {
  const { join, basename } = machine.platform === "win32" ? win32 : posix;
  const found = new Map<string, FoundLibrary>();
  for (const folder of await libraryFolders(name, machine)) {
    for (const file of await machine.list(folder)) {
      const named = versionOf(name, file);
      if (named === undefined) continue;
      const path = join(folder, file);
      const target = await machine.resolve(path);
      if (!found.has(target)) found.set(target, { path, ...(versionOf(name, basename(target)) ?? named) });
    }
  }
  return [...found.values()];
}

/**
 * What to try, best first: those the driver is made for, newest first, then newer ones, which it may still accept
 * compiled kernels of. `driverMajor` is the CUDA version the driver supports.
 */
export function inOrder(found: readonly FoundLibrary[], driverMajor: number): FoundLibrary[] {
  const fits = found.filter(({ major }) => major <= driverMajor);
  const newer = found.filter(({ major }) => major > driverMajor);
  const newest = (a: FoundLibrary, b: FoundLibrary) => b.major - a.major || b.minor - a.minor;
  return [...fits.sort(newest), ...newer.sort((a, b) => -newest(a, b))];
}
