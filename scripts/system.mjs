import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const packages = ["ocl-icd-libopencl1", "pocl-opencl-icd"];
const retryAfterMs = 24 * 3_600_000;

/**
 * On Debian or Ubuntu, as root, with neither a GPU driver nor an OpenCL device: installs PoCL, OpenCL on the
 * processor, so that kernels have somewhere to run. A failure is a warning, not repeated for a day.
 */
export async function installSoftwareDevice({ say, run, failureFile }) {
  if (process.platform !== "linux" || hasGpuDriver() || hasOpenCl()) return;
  const command = `apt-get install -y ${packages.join(" ")}`;
  if (!isDebian()) return;
  if (process.env.AIKORYU_NO_SYSTEM_INSTALL === "1")
    return say(
      `No GPU driver and no OpenCL found. AIKORYU_NO_SYSTEM_INSTALL=1, so not installing: ${command}`,
    );
  if (process.getuid?.() !== 0)
    return say(`No GPU driver and no OpenCL found. For kernels on the processor: sudo ${command}`);
  if (failedLately(failureFile))
    return say(`No GPU driver and no OpenCL found, and installing it failed today. By hand: ${command}`);

  say(`No GPU driver and no OpenCL found. Installing OpenCL for the processor: ${packages.join(", ")}`);
  say("(AIKORYU_NO_SYSTEM_INSTALL=1 refuses this.)");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = [
    "-q",
    "-o",
    "DPkg::Lock::Timeout=120",
    "install",
    "-y",
    "--no-install-recommends",
    ...packages,
  ];
  const attempt = (args) => run("apt-get", args, { env, quiet: true });
  const installed =
    (await attempt(install)) === 0 ||
    ((await attempt(["-q", "update"])) === 0 && (await attempt(install)) === 0);
  if (installed) return;
  mkdirSync(dirname(failureFile), { recursive: true });
  writeFileSync(failureFile, "");
  say(`Warning: that failed; everything will run on the processor without kernels. By hand: ${command}`);
}

function hasGpuDriver() {
  const devices = ["/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg"];
  return devices.some(existsSync) || list("/dev/dri").some((name) => name.startsWith("renderD"));
}

function hasOpenCl() {
  const vendors = process.env.OCL_ICD_VENDORS ?? "/etc/OpenCL/vendors";
  const described = vendors.endsWith(".icd") || list(vendors).some((name) => name.endsWith(".icd"));
  return described && libraryFolders().some((folder) => existsSync(`${folder}/libOpenCL.so.1`));
}

function libraryFolders() {
  const triplets = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };
  const multiarch = triplets[process.arch] ?? "";
  return [
    ...(process.env.LD_LIBRARY_PATH ?? "").split(":").filter(Boolean),
    `/usr/lib/${multiarch}`,
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
  ];
}

function isDebian() {
  try {
    const text = readFileSync("/etc/os-release", "utf8");
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(text);
  } catch {
    return false;
  }
}

function failedLately(file) {
  try {
    return Date.now() - statSync(file).mtimeMs < retryAfterMs;
  } catch {
    return false;
  }
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
