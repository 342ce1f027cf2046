const QUERY_RESOLVE = 512;
const COPY_SRC = 4;
const COPY_DST = 8;
const MAP_READ = 1;

const queriesPerBatch = 256;

/** Resolves a batch of queries on the queue and returns the raw nanoseconds. */
export type Resolve = (batch: TimestampBatch) => Promise<BigUint64Array>;

export class TimestampBatch {
  readonly querySet: GPUQuerySet;
  readonly resolved: GPUBuffer;
  readonly mapped: GPUBuffer;
  count = 0;
  #times: Promise<BigUint64Array> | undefined;

  constructor(device: GPUDevice) {
    const size = queriesPerBatch * 8;
    this.querySet = device.createQuerySet({ type: "timestamp", count: queriesPerBatch });
    this.resolved = device.createBuffer({ size, usage: QUERY_RESOLVE | COPY_SRC });
    this.mapped = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  }

  times(resolve: Resolve): Promise<BigUint64Array> {
    this.#times ??= resolve(this);
    return this.#times;
  }

  get closed(): boolean {
    return this.#times !== undefined || this.count + 2 > queriesPerBatch;
  }
}

/** Start and end times of compute passes. */
export class Timestamps {
  readonly #device: GPUDevice;
  readonly #resolve: Resolve;
  #batch: TimestampBatch | undefined;

  constructor(device: GPUDevice, resolve: Resolve) {
    this.#device = device;
    this.#resolve = resolve;
  }

  next(): { writes: GPUComputePassTimestampWrites; sample: () => Promise<number> } {
    if (this.#batch === undefined || this.#batch.closed) this.#batch = new TimestampBatch(this.#device);
    const batch = this.#batch;
    const first = batch.count;
    batch.count += 2;
    const sample = async () => {
      const times = await batch.times(this.#resolve);
      return Number((times[first + 1] ?? 0n) - (times[first] ?? 0n)) / 1e6;
    };
    return {
      writes: { querySet: batch.querySet, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 },
      sample,
    };
  }
}
