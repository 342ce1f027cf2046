import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { aikoryu } from "../cli/run.ts";
import { runModule } from "../support/child.ts";
import { type Built, buildFakeCuda, fakeEnvironment } from "../support/cuda/index.ts";

const built = await buildFakeCuda();
const missing = typeof built === "string" ? built : undefined;
const libraries = built as Built;

type Settings = Readonly<Record<string, string | number>>;
type Environment = Readonly<Record<string, string | undefined>>;

interface Report {
  readonly chosen: string | null;
  readonly devices: readonly {
    readonly id: string;
    readonly name: string;
    readonly driver: string;
    readonly failure?: { readonly code: string; readonly message: string; readonly hint?: string };
  }[];
  readonly problems: readonly { readonly backend: string; readonly reason: string; readonly fix?: string }[];
}

/** What `aikoryu doctor` says of CUDA where only the fake driver is. */
async function doctor(settings: Settings, environment: Environment = {}) {
  const env = { ...fakeEnvironment(libraries, settings), AIKORYU_OPENCL: "/nonexistent", ...environment };
  const { status, stdout, stderr } = await aikoryu(["doctor", "--quick", "--json"], "", env);
  expect(status, stderr).toBe(0);
  const { devices, problems, chosen }: Report = JSON.parse(stdout);
  return {
    chosen,
    devices: devices.filter(({ id }) => id.startsWith("cuda")),
    problems: problems.filter(({ backend }) => backend === "cuda"),
  };
}

/** Multiplies on the best device; prints where it ran, why, and one value. */
const multiply = `
  import { open } from "#src/open.js";
  import { Matrix } from "#src/matrix/index.js";
  const gpu = await open({ placement: "gpu", cacheDirectory: false });
  const ones = () => Matrix.from(Array.from({ length: 300 }, () => Array.from({ length: 300 }, () => 1)));
  const product = await gpu.matrix.multiply(ones(), ones(), { report: true });
  const { placement, device, reason } = product.report;
  console.log(JSON.stringify({ placement, device, reason, value: (await product.read())[7] }));
  await gpu.dispose();`;

async function multiplied(settings: Settings, environment: Environment = {}) {
  const fake = fakeEnvironment(libraries, settings);
  const env = { ...fake, AIKORYU_OPENCL: "/nonexistent", ...environment };
  const { code, stdout, stderr } = await runModule(multiply, env as Record<string, string>);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

const folder = mkdtempSync(join(tmpdir(), "aikoryu-setup-"));
const older = join(folder, "older", "lib64");
const newer = join(folder, "newer");

beforeAll(() => {
  if (missing !== undefined) return;
  mkdirSync(older, { recursive: true });
  mkdirSync(newer, { recursive: true });
  copyFileSync(libraries.nvrtc, join(older, "libnvrtc.so.12.98"));
  copyFileSync(libraries.nvrtc, join(newer, "libnvrtc.so.13.98"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const onFake = missing === undefined ? it.concurrent : it.skip;
const bothVersions = () => ({
  AIKORYU_NVRTC: undefined,
  AIKORYU_CUBLAS: undefined,
  CUDA_HOME: join(folder, "older"),
  LD_LIBRARY_PATH: newer,
});

onFake("a GPU that works is named with its driver and compiler, and chosen", async () => {
  const found = await doctor({ devices: 2, name1: "Second GPU" });
  expect(found.problems).toEqual([]);
  expect(found.chosen).toBe("cuda:0");
  expect(found.devices.map(({ id, name }) => [id, name])).toEqual([
    ["cuda:0", "Fake GPU"],
    ["cuda:1", "Second GPU"],
  ]);
  expect(found.devices[0]?.driver).toMatch(/CUDA 13\.0.*NVRTC 13\.0/);
  expect(found.devices.every(({ failure }) => failure === undefined)).toBe(true);
});

onFake("CUDA_VISIBLE_DEVICES chooses among them", async () => {
  const found = await doctor({ devices: 3, name2: "Third GPU" }, { CUDA_VISIBLE_DEVICES: "2" });
  expect(found.devices.map(({ id, name }) => [id, name])).toEqual([["cuda:0", "Third GPU"]]);
});

onFake("CUDA_VISIBLE_DEVICES that is empty is the reason, with its cure", async () => {
  const { devices, problems } = await doctor({}, { CUDA_VISIBLE_DEVICES: "" });
  expect(devices).toEqual([]);
  expect(problems[0]?.reason).toContain("CUDA_VISIBLE_DEVICES");
  expect(problems[0]?.fix).toBe("unset CUDA_VISIBLE_DEVICES");
});

onFake("of two CUDA versions the one for the driver is taken", async () => {
  const old = await doctor({ driver: 12980 }, bothVersions());
  expect(old.devices[0]?.driver).toContain("libnvrtc.so.12.98");
  const fresh = await doctor({ driver: 13980 }, bothVersions());
  expect(fresh.devices[0]?.driver).toContain("libnvrtc.so.13.98");
  expect(await multiplied({ driver: 12980 }, bothVersions())).toMatchObject({ device: "cuda:0", value: 300 });
});

onFake(
  "a toolkit newer than the driver, which refuses what it makes, is a reason with its cure",
  async () => {
    const { devices, problems } = await doctor({ driver: 12040 });
    expect(devices).toEqual([]);
    expect(problems[0]?.reason).toMatch(/NVRTC 13\.0.*newer than the driver.*CUDA 12\.4.*INVALID_IMAGE/);
    expect(problems[0]?.fix).toBe("pip install nvidia-cuda-nvrtc-cu12");
  },
);

onFake(
  "a toolkit that does not know the GPU, and is newer than the driver, is refused before it fails",
  async () => {
    const { devices, problems } = await doctor({ driver: 12040, capability: "9.9" });
    expect(devices).toEqual([]);
    expect(problems[0]?.reason).toMatch(/newer than the driver.*12\.4/);
    expect(problems[0]?.fix).toContain("pip install");
  },
);

onFake("a GPU newer than the toolkit gets PTX", async () => {
  expect(await multiplied({ capability: "9.9" })).toMatchObject({ device: "cuda:0", value: 300 });
});

onFake("a driver without NVRTC is a reason with the command that fixes it", async () => {
  const { devices, problems } = await doctor({}, { AIKORYU_NVRTC: "/nonexistent/libnvrtc.so" });
  expect(devices).toEqual([]);
  expect(problems[0]?.reason).toContain("/nonexistent/libnvrtc.so");
});

onFake("a full GPU fails to open with how full, and the processor answers", async () => {
  const settings = { memory: 64 << 20, taken: 64 << 20 };
  const { devices } = await doctor(settings);
  expect(devices[0]?.failure?.code).toBe("OUT_OF_MEMORY");
  expect(devices[0]?.failure?.hint).toContain("nvidia-smi");
  const answer = await multiplied(settings);
  expect(answer).toMatchObject({ placement: "cpu", value: 300 });
  expect(answer.reason).toContain("OUT_OF_MEMORY");
});

onFake("a GPU with too little left for the data leaves it to the processor", async () => {
  const answer = await multiplied({ memory: 64 << 20, taken: (64 << 20) - 700_000, contextBytes: 1000 });
  expect(answer).toMatchObject({ placement: "cpu", value: 300 });
});
