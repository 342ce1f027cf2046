import type { Device, Timer, TimerResult } from "./device.ts";

export type WorkKind = "upload" | "kernel" | "download";

/** Milliseconds of one piece of work, once it is done. */
export type Sample = () => number | undefined | Promise<number | undefined>;

/** Sums what a backend's own clock says about the work it was passed to. */
export class DeviceTimer implements Timer {
  readonly device: Device;
  readonly #clocks: ReadonlySet<WorkKind>;
  readonly #pending: { kind: WorkKind; sample: Sample }[] = [];
  readonly #total = { upload: 0, kernel: 0, download: 0 };

  /** `clocks` names the kinds of work that the device can time. */
  constructor(device: Device, clocks: ReadonlySet<WorkKind>) {
    this.device = device;
    this.#clocks = clocks;
  }

  measures(kind: WorkKind): boolean {
    return this.#clocks.has(kind);
  }

  add(kind: WorkKind, sample: Sample): void {
    this.#pending.push({ kind, sample });
  }

  /** Work that a lost device never finished counts as nothing. */
  async result(): Promise<TimerResult> {
    for (const { kind, sample } of this.#pending.splice(0)) {
      this.#total[kind] += (await Promise.resolve(sample()).catch(() => 0)) ?? 0;
    }
    const of = (kind: WorkKind) => (this.#clocks.has(kind) ? this.#total[kind] : undefined);
    return { uploadMs: of("upload"), kernelMs: of("kernel"), downloadMs: of("download") };
  }
}
