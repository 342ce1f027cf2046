import { AikoError, toAikoError } from "../errors.ts";
import type { DeviceSample, DeviceSource, SourceGroup } from "./device-source.ts";

/** How a source does. One that failed is asked again after a while: 1 s, then twice as long each time, up to 60 s. */
export interface SourceState {
  readonly source: string;
  /** "absent" where there is nothing to see this way, "failed" where there should be. */
  readonly state: "up" | "absent" | "failed";
  /** Devices seen. */
  readonly devices: number;
  /** Why it sees nothing. */
  readonly reason: string | undefined;
  /** What would change that, where it is known. */
  readonly fix: string | undefined;
  readonly retryInMs: number | undefined;
}

export interface Seen {
  readonly devices: readonly DeviceSample[];
  readonly sources: readonly SourceState[];
}

export interface SourcesOptions {
  /** The longest a source may take before the others are shown without it. Default 5000. */
  readonly timeoutMs?: number | undefined;
  readonly now?: (() => number) | undefined;
}

const firstRestMs = 1000;
const longestRestMs = 60_000;

/** One source with its failures remembered. */
class Attempts {
  readonly #source: DeviceSource;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  #failures = 0;
  #restedUntil = Number.NEGATIVE_INFINITY;
  #error: AikoError | undefined;
  #running: Promise<readonly DeviceSample[]> | undefined;

  constructor(source: DeviceSource, timeoutMs: number, now: () => number) {
    this.#source = source;
    this.#timeoutMs = timeoutMs;
    this.#now = now;
  }

  /** The devices, or `undefined` with the reason in `state()`. */
  async sample(): Promise<readonly DeviceSample[] | undefined> {
    if (this.#now() < this.#restedUntil) return undefined;
    try {
      const devices = await this.#bounded();
      this.#failures = 0;
      this.#error = undefined;
      return devices;
    } catch (thrown) {
      this.#error = toAikoError(thrown);
      this.#restedUntil = this.#now() + Math.min(longestRestMs, firstRestMs * 2 ** this.#failures);
      this.#failures++;
      return undefined;
    }
  }

  state(devices: readonly DeviceSample[] | undefined): SourceState {
    const up = devices !== undefined;
    const absent = this.#error?.code === "UNSUPPORTED" && this.#error.hint === undefined;
    return {
      source: this.#source.name,
      state: up ? "up" : absent ? "absent" : "failed",
      devices: devices?.length ?? 0,
      reason: up ? undefined : (this.#error?.message ?? "unknown"),
      fix: up ? undefined : this.#error?.hint,
      retryInMs: up ? undefined : Math.max(0, Math.round(this.#restedUntil - this.#now())),
    };
  }

  dispose(): Promise<void> {
    return this.#source.dispose?.() ?? Promise.resolve();
  }

  /** A driver that hangs is not asked a second time while the first question is open. */
  #bounded(): Promise<readonly DeviceSample[]> {
    this.#running ??= this.#source.sample().finally(() => {
      this.#running = undefined;
    });
    const running = this.#running;
    running.catch(() => {});
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new AikoError("UNSUPPORTED", {
            message: `${this.#source.name} did not answer within ${this.#timeoutMs} ms`,
            hint: "The driver may hang: see its messages in dmesg.",
          }),
        );
      }, this.#timeoutMs);
      running.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

/** Asks every source, keeps the answers of those that work and the reasons of those that do not. Never rejects. */
export class Sources {
  readonly #groups: readonly (readonly Attempts[])[];
  readonly #last: Attempts | undefined;

  /** `last` is only asked where no other source sees a device. */
  constructor(groups: readonly SourceGroup[], last: DeviceSource | undefined, options: SourcesOptions = {}) {
    const { timeoutMs = 5000, now = () => performance.now() } = options;
    const attempts = (source: DeviceSource) => new Attempts(source, timeoutMs, now);
    this.#groups = groups.map((group) => group.map(attempts));
    this.#last = last === undefined ? undefined : attempts(last);
  }

  async sample(): Promise<Seen> {
    const seen = await Promise.all(this.#groups.map(firstThatWorks));
    const devices = seen.flatMap((one) => one.devices);
    const sources = seen.flatMap((one) => one.sources);
    if (devices.length > 0 || this.#last === undefined) return { devices, sources };
    const last = await firstThatWorks([this.#last]);
    return { devices: last.devices, sources: [...sources, ...last.sources] };
  }

  async dispose(): Promise<void> {
    const all = [...this.#groups.flat(), ...(this.#last === undefined ? [] : [this.#last])];
    await Promise.allSettled(all.map((one) => one.dispose()));
  }
}

async function firstThatWorks(group: readonly Attempts[]): Promise<Seen> {
  const sources: SourceState[] = [];
  for (const one of group) {
    const devices = await one.sample();
    sources.push(one.state(devices));
    if (devices !== undefined) return { devices, sources };
  }
  return { devices: [], sources };
}
