import { loadHugePages } from "../../core/huge-pages.ts";
import { wakePromptly } from "../../core/scheduling.ts";
import type { OnnxLibrary } from "./library.ts";
import { Runner } from "./runner.ts";
import { received, receivedLater } from "./session.ts";

/** ONNX Runtime, started. */
export interface Loaded {
  readonly library: OnnxLibrary;
  readonly runner: Runner;
  readonly env: number;
  /** Describes host memory. */
  readonly memory: number;
}

export async function prepare(loading: Promise<OnnxLibrary>): Promise<Loaded> {
  const library = await loading;
  await wakePromptly();
  await loadHugePages();
  const fatalOnly = 4;
  const arenaAllocator = 1;
  const runner = new Runner(library.runAddress);
  runner.start();
  return {
    library,
    runner,
    // Starting up takes 25 to 40 ms.
    env: await receivedLater(library, (out, done) =>
      library.createEnv.async(fatalOnly, "aikoryu", out, done),
    ),
    memory: received(library, (out) => library.createCpuMemoryInfo(arenaAllocator, 0, out)),
  };
}
