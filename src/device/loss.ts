import { AikoError } from "../errors.ts";
import type { DeviceLoss } from "./device.ts";

/** What the calls see that were waiting when the device hung; later ones see DEVICE_LOST. */
export function timeoutError(message: string): AikoError {
  return new AikoError("TIMEOUT", {
    message,
    hint: "A kernel may loop for ever. If it is only slow, open the device with a larger timeoutMs.",
  });
}

/** Whether a device can still be used, and everything that waits on it when it no longer can. */
export class Loss {
  readonly promise: Promise<DeviceLoss>;
  #resolve: (loss: DeviceLoss) => void = () => {};
  #loss: DeviceLoss | undefined;
  readonly #label: string;
  readonly #waiting = new Set<(error: AikoError) => void>();

  constructor(label: string) {
    this.#label = label;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get current(): DeviceLoss | undefined {
    return this.#loss;
  }

  /** Returns false when the device was lost before. */
  lose(loss: DeviceLoss): boolean {
    if (this.#loss !== undefined) return false;
    this.#loss = loss;
    this.#resolve(loss);
    const error = loss.reason === "timeout" ? timeoutError(loss.message) : this.error();
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
    return true;
  }

  error(): AikoError {
    const loss = this.#loss;
    return new AikoError("DEVICE_LOST", {
      message: `${this.#label} was lost (${loss?.reason ?? "driver"}): ${loss?.message ?? "no reason given"}`,
      hint: "Open the adapter again for a new device; buffers and kernels of the lost one are gone.",
    });
  }

  assertUsable(): void {
    if (this.#loss !== undefined) throw this.error();
  }

  /** Settles with `work`, unless the device is lost first. */
  race<T>(work: Promise<T>): Promise<T> {
    if (this.#loss !== undefined) {
      work.catch(() => {});
      return Promise.reject(this.error());
    }
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      work.then(
        (value) => {
          this.#waiting.delete(reject);
          resolve(value);
        },
        (error) => {
          this.#waiting.delete(reject);
          reject(error);
        },
      );
    });
  }
}
