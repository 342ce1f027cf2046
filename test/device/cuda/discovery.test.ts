import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runModule } from "../../support/child.ts";
import { buildFakeCuda, fakeEnvironment } from "../../support/cuda/index.ts";

const built = await buildFakeCuda();
const missing = typeof built === "string" ? built : undefined;

interface Seen {
  readonly cuda: readonly { readonly id: string; readonly name: string; readonly driver: string }[];
  readonly problems: readonly { readonly reason: string; readonly fix?: string }[];
}

const script = `
  import { discover } from "#src/device/registry.js";
  const { adapters, problems } = await discover();
  const of = ({ backend }) => backend === "cuda";
  const cuda = adapters.filter(of).map(({ id, name, driver }) => ({ id, name, driver }));
  console.log(JSON.stringify({ cuda, problems: problems.filter(of) }));`;

describe.skipIf(missing !== undefined)(`discovery of cuda: ${missing ?? "with a fake driver"}`, () => {
  const discovered = async (
    settings: Readonly<Record<string, string | number>>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Seen> => {
    if (typeof built === "string") throw new Error(built);
    const quiet = { AIKORYU_OPENCL: "/nonexistent", VK_ICD_FILENAMES: "/nonexistent" };
    const ended = await runModule(script, { ...fakeEnvironment(built, settings), ...quiet, ...env });
    expect(ended.code, ended.stderr).toBe(0);
    return JSON.parse(ended.stdout);
  };

  it("lists GPUs with the driver and the compiler", async () => {
    const { cuda, problems } = await discovered({ devices: 2 });
    expect(problems).toEqual([]);
    expect(cuda.map(({ id }) => id)).toEqual(["cuda:0", "cuda:1"]);
    expect(cuda[0]?.driver).toMatch(/^CUDA 13\.0, NVRTC 13\.0 at .*libnvrtc\.so\.13$/);
  });

  it.each([
    [{ init: 34 }, {}, /stub/],
    [{ init: 803 }, {}, /SYSTEM_DRIVER_MISMATCH/],
    [{ init: 802 }, {}, /SYSTEM_NOT_READY/],
    [{ init: 999 }, {}, /CUDA_ERROR_UNKNOWN/],
    [{}, { CUDA_VISIBLE_DEVICES: "" }, /CUDA_VISIBLE_DEVICES is ""/],
    [{ computeMode: 2 }, {}, /prohibited/],
    [{ capability: "3.5" }, {}, /compute capability 3\.5/],
    [{ driver: 12080, capability: "15.0" }, {}, /newer than the driver.* CUDA 12\.8, and does not know/],
    [{ driver: 12080 }, {}, /newer than the driver.* CUDA 12\.8 and refuses/],
    [{}, { AIKORYU_CUDA: "off" }, /AIKORYU_CUDA/],
    [{}, { AIKORYU_CUDA: "" }, /AIKORYU_CUDA/],
    [{}, { AIKORYU_CUDA: "/nonexistent/libcuda.so" }, /nonexistent/],
    [{}, { AIKORYU_NVRTC: "/nonexistent/libnvrtc.so" }, /nonexistent.*does not load/],
  ] as const)("offers no device with %o %o", async (settings, env, reason) => {
    const { cuda, problems } = await discovered(settings, env);
    expect(cuda).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.reason).toMatch(reason);
  });

  it("takes a compiler of a newer minor version, which knows the GPU", async () => {
    if (typeof built === "string") throw new Error(built);
    const folder = mkdtempSync(join(tmpdir(), "aikoryu-nvrtc-"));
    try {
      const nvrtc = join(folder, "libnvrtc.so.12.9.41");
      copyFileSync(built.nvrtc, nvrtc);
      const { cuda, problems } = await discovered({ driver: 12080 }, { AIKORYU_NVRTC: nvrtc });
      expect(problems).toEqual([]);
      expect(cuda[0]?.driver).toMatch(/CUDA 12\.8, NVRTC 12\.9/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
