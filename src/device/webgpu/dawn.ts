import { setImmediate, setTimeout } from "node:timers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { toAikoError } from "../../errors.ts";
import { quietly } from "./quiet.ts";
import { loadVulkanDrivers } from "./vulkan.ts";

const hotMs = 0.2;

/**
 * One instance of Dawn, and how often it is asked for progress. While a promise of its is pending, dawn.node calls the
 * global `setImmediate` from each tick for the next one, so that a wait burns a core: a dispatch on a software device
 * took half as long again. Every call into Dawn therefore runs under `call`, which puts its own `setImmediate` in place
 * for the duration of that call, and ticks fast at first and then once a millisecond.
 */
export class Dawn {
  readonly gpu: GPU;
  #hotUntil = 0;
  #abandoned = false;

  constructor(create: (options: string[]) => GPU, options: string[]) {
    this.gpu = this.call(() => create(options));
  }

  call<T>(action: () => T): T {
    this.#hotUntil = performance.now() + hotMs;
    return this.#run(action);
  }

  async requestAdapter(): Promise<GPUAdapter | null> {
    const quiet = await quietly();
    return this.call(() => quiet(() => this.gpu.requestAdapter({ powerPreference: "high-performance" })));
  }

  /** No longer keeps the process alive for promises that will not settle. */
  abandon(): void {
    this.#abandoned = true;
  }

  #run<T>(action: () => T): T {
    const outer = globalThis.setImmediate;
    globalThis.setImmediate = this.#schedule as unknown as typeof outer;
    try {
      return action();
    } finally {
      globalThis.setImmediate = outer;
    }
  }

  readonly #schedule = (tick: () => void): unknown => {
    const run = () => this.#run(tick);
    if (!this.#abandoned && performance.now() < this.#hotUntil) return setImmediate(run);
    const timer = setTimeout(run, 1);
    if (this.#abandoned) timer.unref();
    return timer;
  };
}

export interface DawnAdapter {
  readonly dawn: Dawn;
  readonly adapter: GPUAdapter;
}

const nativeBackends = new Set(["vulkan", "metal", "d3d12"]);
const toggles = "disable-dawn-features=timestamp_quantization";

/** Dawn lists its adapters only in the message of the error for an adapter that does not exist. */
async function listed(create: (options: string[]) => GPU): Promise<{ backend: string; name: string }[]> {
  const probe = new Dawn(create, ["adapter=none of these"]);
  const message = await probe.requestAdapter().then(
    () => "",
    (error) => toAikoError(error).message,
  );
  const found = [...message.matchAll(/backend: '([^']*)', name: '([^\n]*)'/g)];
  return found
    .map(([, backend = "", name = ""]) => ({ backend, name }))
    .filter(({ backend }) => nativeBackends.has(backend));
}

async function request(
  create: (options: string[]) => GPU,
  options: string[],
): Promise<DawnAdapter | undefined> {
  // Dawn looks for adapters on this thread, for 5 ms with Mesa's drivers.
  await nextTurn();
  const dawn = new Dawn(create, [...options, toggles]);
  const adapter = await dawn.requestAdapter().catch(() => null);
  return adapter === null ? undefined : { dawn, adapter };
}

/**
 * Every adapter of the machine's native API; without `software`, none where all are known to be software. Rejects when
 * the `webgpu` package is missing or does not load.
 */
export async function dawnAdapters(software: boolean): Promise<DawnAdapter[]> {
  const hardware = await loadVulkanDrivers();
  if (!hardware && !software) return [];
  const { create } = await import("webgpu");
  await nextTurn();
  const names = await listed(create);
  const unique = new Map(names.map((one) => [`${one.backend} ${one.name}`, one]));
  const found: DawnAdapter[] = [];
  for (const { backend, name } of unique.values()) {
    const one = await request(create, [`backend=${backend}`, `adapter=${name}`]);
    if (one !== undefined) found.push(one);
  }
  if (found.length > 0) return found;
  const any = await request(create, []);
  return any === undefined ? [] : [any];
}
