import { clearTimeout, setTimeout } from "node:timers";
import type { Adapter, Device } from "../../device/device.ts";
import type { Operation, Placement, Work } from "../operation.ts";
import { measureTransfer } from "./calibration.ts";
import { type CalibrationData, CostModel, deviceKey } from "./cost-model.ts";
import { Exploration } from "./exploration.ts";
import { type Decision, place } from "./placement.ts";
import { CalibrationStore } from "./store.ts";

export interface PlacerOptions {
  /** Where the calibration is kept between runs; `undefined` keeps it in memory only. */
  readonly directory: string | undefined;
  /** Whether calls may be tried in the place predicted to be slower, and new devices measured. */
  readonly explore: boolean;
}

/** One call under way, timed so that the next predictions are better. */
export interface Run {
  /** The call took `ms`; `steady` when that is what it will take again, without compiling first. */
  end(ms: number, steady: boolean): void;
  /** The call failed or was aborted, which says nothing about time, though a try costs it. */
  drop(): void;
}

const savingMs = 10_000;
/** Opening a device and compiling a first kernel, roughly: only exploration asks. */
const openingMs = 300;
const compilingMs = 50;

/** Predicts, learns and remembers: what `auto` placement rests on. */
export class Placer {
  readonly #exploration = new Exploration();
  readonly #store: CalibrationStore | undefined;
  readonly #explore: boolean;
  /** What ran before in this process: engines load and warm up with their first call. */
  readonly #warm = new Set<string>();
  readonly #running = new Map<string, { count: number; started: number }>();
  readonly #calibrating = new Map<string, Promise<void>>();
  #model = new CostModel();
  #loading: Promise<void> | undefined;
  #saving: NodeJS.Timeout | undefined;
  #changed = false;
  #isReady = false;

  constructor({ directory, explore }: PlacerOptions) {
    this.#store = directory === undefined ? undefined : new CalibrationStore(directory);
    this.#explore = explore;
  }

  get path(): string | undefined {
    return this.#store?.path;
  }

  /** Resolves when what earlier processes measured is known; `undefined` when it already is. */
  ready(): Promise<void> | undefined {
    if (this.#loading === undefined) {
      const loading = this.#store?.load() ?? Promise.resolve(undefined);
      this.#loading = loading.then((data) => {
        this.#model = new CostModel(data);
        this.#isReady = true;
      });
    }
    return this.#isReady ? undefined : this.#loading;
  }

  decide<I, O>(operation: Operation<I, O>, work: Work, adapter: Adapter, isOpen: boolean): Decision {
    return place(operation, work, adapter, {
      model: this.#model,
      exploration: this.#explore ? this.#exploration : undefined,
      startMs: this.#model.hasRun(operation, adapter) && isOpen ? 0 : compilingMs + (isOpen ? 0 : openingMs),
    });
  }

  /**
   * Notes the start of a call, before the device is opened for it. Calls that overlap in one place say little about either
   * and are not learned from.
   */
  begin<I, O>(operation: Operation<I, O>, work: Work, adapter: Adapter | undefined, decision: Decision): Run {
    const { placement, predicted, explores } = decision;
    const key = placement === "gpu" && adapter !== undefined ? deviceKey(adapter) : "";
    const running = this.#running.get(key) ?? { count: 0, started: 0 };
    this.#running.set(key, running);
    running.count++;
    const number = ++running.started;
    const alone = running.count === 1;
    const kind = `${key} ${operation.name}`;
    const began = performance.now();
    const tookMs = () => performance.now() - began;
    return {
      drop: () => {
        running.count--;
        if (explores === true) this.#exploration.settle(operation.name, 0, tookMs());
      },
      end: (ms, steady) => {
        running.count--;
        if (predicted !== undefined) {
          const best = Math.min(predicted.cpuMs, predicted.gpuMs);
          this.#exploration.settle(operation.name, ms, explores === true ? Math.max(ms, tookMs()) - best : 0);
        }
        const undisturbed = alone && running.started === number;
        const warm = this.#warm.has(kind);
        this.#warm.add(kind);
        if (warm && steady && undisturbed && adapter !== undefined)
          this.#learn(placement, operation, work, adapter, ms);
      },
    };
  }

  /** Measures the transfers of a device in the background, the first time it is seen. */
  meet(device: Device): void {
    if (this.#explore) void this.calibrate(device);
  }

  /** Measures a device's transfers once, where no earlier process did. */
  calibrate(device: Device): Promise<void> {
    const { adapter } = device;
    const key = deviceKey(adapter);
    let calibrating = this.#calibrating.get(key);
    if (calibrating === undefined) {
      const known = adapter.kind === "null" || this.#model.transferOf(adapter) !== undefined;
      calibrating = known ? Promise.resolve() : this.#measure(device).catch(() => {});
      this.#calibrating.set(key, calibrating);
    }
    return calibrating;
  }

  calibration(): CalibrationData {
    return this.#model.toJSON();
  }

  async dispose(): Promise<void> {
    clearTimeout(this.#saving);
    await Promise.all(this.#calibrating.values());
    if (this.#changed) await this.#store?.save(this.#model.toJSON());
    this.#changed = false;
  }

  async #measure(device: Device): Promise<void> {
    this.#model.calibrate(device.adapter, await measureTransfer(device));
    this.#saveSoon();
  }

  #learn<I, O>(placement: Placement, operation: Operation<I, O>, work: Work, adapter: Adapter, ms: number) {
    this.#model.record(placement, operation, work, adapter, ms);
    this.#saveSoon();
  }

  #saveSoon(): void {
    this.#changed = true;
    if (this.#store === undefined || this.#saving !== undefined) return;
    this.#saving = setTimeout(() => {
      this.#saving = undefined;
      this.#changed = false;
      void this.#store?.save(this.#model.toJSON());
    }, savingMs).unref();
  }
}
