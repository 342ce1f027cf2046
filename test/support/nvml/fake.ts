import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findTool } from "../tools.ts";

const source = fileURLToPath(new URL("nvml.c", import.meta.url));

/** Values by key; see nvml.c. */
export type FakeValues = Readonly<Record<string, string | number | bigint>>;

/** One healthy GPU with everything, one that has little, and two programs. */
export const twoGpus: FakeValues = {
  count: 2,
  driver: "550.54.15",
  "0.name": "NVIDIA H100 80GB HBM3",
  "0.uuid": "GPU-11111111-2222-3333-4444-555555555555",
  "0.bus": "00000000:3B:00.0",
  "0.gpu": 62,
  "0.memoryBusy": 31,
  "0.total": 85_520_809_984,
  "0.reserved": 600_000_000,
  "0.used": 12_884_901_888,
  "0.temperature": 45,
  "0.power": 210_500,
  "0.powerLimit": 700_000,
  "0.energy": 1_234_567,
  "0.smClock": 1755,
  "0.memoryClock": 2619,
  "0.fan": 30,
  "0.pcieTransmit": 100_000,
  "0.pcieReceive": 1_200_000,
  "0.ecc": 0,
  "0.throttle": "0x25",
  "0.compute": "1234:2147483648,4321:0xffffffffffffffff",
  "0.graphics": "1234:2147483648,77:1048576",
  "process.1234": "/usr/bin/python3",
  "process.77": "/usr/lib/xorg/Xorg",
  "1.name": "Tesla T4",
  "1.uuid": "GPU-99999999-2222-3333-4444-555555555555",
  "1.bus": "00000001:AF:00.0",
  "1.gpu": 0,
  "1.memoryBusy": 0,
  "1.total": 16_000_000_000,
  "1.used": 0,
};

export interface FakeNvml {
  /** What to put in the environment: AIKORYU_NVML and AIKORYU_FAKE_NVML. */
  readonly env: Readonly<Record<string, string>>;
  set(values: FakeValues): void;
  dispose(): void;
}

/** Why there is no fake, or `undefined`. */
export function noFakeNvml(): string | undefined {
  if (process.platform === "win32") return "built with cc, on Linux and macOS";
  return findTool("cc");
}

/** Builds the library with the system's compiler; `old` leaves out what old drivers lack. */
export function buildFakeNvml({ old = false } = {}): FakeNvml {
  const folder = mkdtempSync(join(tmpdir(), "aikoryu-nvml-"));
  const library = join(folder, "libnvidia-ml.so.1");
  const values = join(folder, "values");
  const args = ["-shared", "-fPIC", "-O1", ...(old ? ["-DOLD"] : []), "-o", library, source];
  const { status, stderr, error } = spawnSync("cc", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`cc: ${error?.message ?? stderr}`);
  const set = (given: FakeValues) =>
    writeFileSync(
      values,
      Object.entries(given)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(""),
    );
  set({});
  return {
    env: { AIKORYU_NVML: library, AIKORYU_FAKE_NVML: values },
    set,
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
