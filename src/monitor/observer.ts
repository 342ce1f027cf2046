import type { RuntimeStatistics } from "../runtime/index.ts";
import type { SourceGroup } from "./device-source.ts";
import { HostMeter, type HostReading } from "./host/host.ts";
import { nvidiaSmiSource } from "./nvidia-smi.ts";
import { nvmlSource } from "./nvml/source.ts";
import { runtimeSource } from "./runtime-source.ts";
import { type Seen, Sources } from "./sources.ts";
import { sysfsSource } from "./sysfs.ts";

export interface ObserverOptions {
  readonly statistics: (() => RuntimeStatistics) | undefined;
  readonly sources: readonly SourceGroup[] | undefined;
  readonly timeoutMs: number | undefined;
}

/** The parts of a monitor that look outside, loaded when somebody asks for the first snapshot. */
export class Observer {
  readonly #host = new HostMeter();
  readonly #sources: Sources;

  constructor({ statistics, sources, timeoutMs }: ObserverOptions) {
    const groups = sources ?? [[nvmlSource(), nvidiaSmiSource()], [sysfsSource()]];
    this.#sources = new Sources(groups, statistics && runtimeSource(statistics), { timeoutMs });
  }

  async observe(): Promise<Seen & HostReading> {
    const [seen, host] = await Promise.all([this.#sources.sample(), this.#host.read()]);
    return { ...seen, ...host };
  }

  dispose(): Promise<void> {
    return this.#sources.dispose();
  }
}
