import type { GpuMemory } from "./options.ts";

/** Memory on the GPU that is set aside for a model. */
export interface Share extends Disposable {
  /** The most the engine may take, all its models together; undefined: what it finds free. */
  readonly limitBytes: number | undefined;
  /** Gives back what the model did not need. */
  shrink(usedBytes: number): void;
}

/** Sets memory for models aside where the runtime counts its own, so that neither takes what the other has. */
export class GpuShare {
  readonly #runtime: GpuMemory | undefined;
  #heldBytes = 0;

  constructor(runtime: GpuMemory | undefined) {
    this.#runtime = runtime;
  }

  /** As much of `bytes` as the budget has room for. */
  async take(bytes: number, label: string): Promise<Share> {
    if (bytes === 0) return { limitBytes: 0, shrink: () => {}, [Symbol.dispose]: () => {} };
    const memory = await this.#runtime?.memory().catch(() => undefined);
    if (memory === undefined || memory.device.adapter.kind === "cpu") {
      return { limitBytes: undefined, shrink: () => {}, [Symbol.dispose]: () => {} };
    }
    memory.pool.trim();
    const hold = await memory.hold(Math.min(bytes, memory.reachableBytes), label);
    this.#heldBytes += hold.byteLength;
    const limitBytes = this.#heldBytes;
    const shrink = (usedBytes: number) => {
      const before = hold.byteLength;
      hold.shrink(usedBytes);
      this.#heldBytes -= before - hold.byteLength;
    };
    return { limitBytes, shrink, [Symbol.dispose]: () => shrink(0) };
  }
}
