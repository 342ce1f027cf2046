import { type Built, buildFakeCuda } from "./build.ts";
import { settingsText } from "./control.ts";

export { type Built, buildFakeCuda } from "./build.ts";
export { controlOf, type FakeControl, type FakeStats } from "./control.ts";

/** The environment in which a process finds the fake driver and nothing else of CUDA. */
export function fakeEnvironment(
  built: Built,
  settings: Readonly<Record<string, string | number>> = {},
): Record<string, string> {
  return {
    AIKORYU_CUDA: built.driver,
    AIKORYU_NVRTC: built.nvrtc,
    AIKORYU_CUBLAS: built.cublas,
    FAKE_CUDA: settingsText(settings),
  };
}

/** Runs `work` with the fake driver in the environment of this process, and puts the old one back. */
export async function withFakeCuda<T>(
  work: () => Promise<T>,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<T> {
  const built = await buildFakeCuda();
  if (typeof built === "string") return work();
  const environment = fakeEnvironment(built, settings);
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, environment);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
