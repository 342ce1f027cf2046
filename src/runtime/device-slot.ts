import type { Adapter, Device, OpenOptions } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import { type BufferPool, MemoryManager, type MemoryOptions } from "../memory/index.ts";
import { Breaker, type BreakerOptions } from "./breaker.ts";
import { publishDevice } from "./channels.ts";
import type { DeviceStatistics } from "./statistics.ts";

export interface OpenedDevice {
  readonly device: Device;
  readonly memory: MemoryManager;
  readonly pool: BufferPool;
}

/** One adapter of a runtime: opened on first use, opened anew after a loss, rested while it fails. */
export class DeviceSlot {
  readonly adapter: Adapter;
  readonly breaker: Breaker;
  readonly #options: OpenOptions & MemoryOptions;
  #opening: Promise<OpenedDevice> | undefined;
  #opened: OpenedDevice | undefined;
  #losses = 0;
  #disposed = false;

  constructor(adapter: Adapter, options: OpenOptions & MemoryOptions & BreakerOptions) {
    this.adapter = adapter;
    this.#options = options;
    this.breaker = new Breaker(options);
  }

  /** Whether the device is open or on its way. */
  get isOpen(): boolean {
    return this.#opening !== undefined;
  }

  /** Rejects as the adapter does: UNSUPPORTED, DEVICE_LOST. */
  open(): Promise<OpenedDevice> {
    if (this.#disposed) {
      return Promise.reject(
        new AikoError("DISPOSED", { message: `${this.adapter.id} belongs to a disposed runtime` }),
      );
    }
    this.#opening ??= this.#openNew();
    return this.#opening;
  }

  statistics(): DeviceStatistics {
    const { id, name, backend, kind } = this.adapter;
    const opened = this.#opened;
    return {
      id,
      name,
      backend,
      kind,
      state: this.#state(),
      losses: this.#losses,
      memory: opened?.device.memory(),
      pool: opened?.memory.statistics(),
    };
  }

  #state(): DeviceStatistics["state"] {
    if (this.breaker.restMsLeft > 0) return "resting";
    if (this.#opened !== undefined) return "open";
    return this.#losses > 0 && !this.#disposed ? "lost" : "closed";
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    const opened = await this.#opening?.catch(() => undefined);
    if (opened !== undefined) await close(opened);
  }

  async #openNew(): Promise<OpenedDevice> {
    try {
      const device = await this.adapter.open(this.#options);
      const memory = await this.#manage(device);
      const opened = { device, memory, pool: memory.pool };
      this.#opened = opened;
      publishDevice({ event: "opened", device: this.adapter.id });
      void device.lost.then((loss) => {
        this.#opening = undefined;
        this.#opened = undefined;
        const isLoss = loss.reason !== "disposed";
        if (isLoss) this.#losses++;
        publishDevice(
          isLoss
            ? { event: "lost", device: this.adapter.id, loss }
            : { event: "closed", device: this.adapter.id },
        );
        return this.#disposed ? undefined : close(opened);
      });
      return opened;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** Throws INVALID_ARGUMENT for a budget that is none; nobody would close the device then. */
  async #manage(device: Device): Promise<MemoryManager> {
    try {
      return new MemoryManager(device, this.#options);
    } catch (error) {
      await device.dispose().catch(() => undefined);
      throw error;
    }
  }
}

/** A lost driver may also fail to close; there is nothing left to save then. */
async function close({ device, memory }: OpenedDevice): Promise<void> {
  try {
    memory.dispose();
  } finally {
    await device.dispose().catch(() => undefined);
  }
}
