import { existsSync } from "node:fs";
import { type Built, buildFakeCuda } from "./build.ts";
import { controlOf, type FakeStats, settingsText } from "./control.ts";

export { type Built, buildFakeCuda } from "./build.ts";
export { controlOf, type FakeControl, type FakeStats } from "./control.ts";

type Environment = Readonly<Record<string, string>>;

/** The environment in which a process finds the fake driver and nothing else of CUDA. */
export function fakeEnvironment(
  built: Built,
  settings: Readonly<Record<string, string | number>> = {},
): Environment {
  return {
    AIKORYU_CUDA: built.driver,
    AIKORYU_NVRTC: built.nvrtc,
    AIKORYU_CUBLAS: built.cublas,
    FAKE_CUDA: settingsText(settings),
  };
}

/** That environment, or why the fake is not used here. */
export async function fakeEnvironmentHere(): Promise<Environment | string> {
  if (process.env.AIKORYU_CUDA !== undefined) return "AIKORYU_CUDA is set";
  if (existsSync("/dev/nvidiactl")) return "there is an NVIDIA driver";
  const built = await buildFakeCuda();
  return typeof built === "string" ? built : fakeEnvironment(built);
}

const kinds = [
  ...(["contexts", "streams", "events", "modules", "graphs", "executables"] as const),
  ...(["allocations", "pinned"] as const),
];

/** What the fake driver of this process still holds, by kind where it is any, and what it has to say against its user. */
export async function leftovers(): Promise<Partial<FakeStats>> {
  const built = await buildFakeCuda();
  if (typeof built === "string") return {};
  const stats = controlOf(built).stats();
  const held = kinds.filter((kind) => stats[kind] > 0).map((kind) => [kind, stats[kind]]);
  return { ...Object.fromEntries(held), races: stats.races, faults: stats.faults };
}

/** Runs `work` with more in the environment of this process, and puts the old one back. */
export async function withEnvironment<T>(
  environment: Readonly<Record<string, string | undefined>>,
  work: () => Promise<T>,
): Promise<T> {
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(environment)) set(name, value);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}

/** Runs `work` where the fake driver is found, if there is one. */
export async function withFakeCuda<T>(
  work: () => Promise<T>,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<T> {
  const built = await buildFakeCuda();
  return typeof built === "string" ? work() : withEnvironment(fakeEnvironment(built, settings), work);
}
