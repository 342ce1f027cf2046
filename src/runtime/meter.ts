export interface Spans {
  queueMs: number;
  uploadMs: number;
  kernelMs: number;
  downloadMs: number;
  cpuMs: number;
}

/** Adds up where one call's time went. */
export class Meter {
  readonly spans: Spans = { queueMs: 0, uploadMs: 0, kernelMs: 0, downloadMs: 0, cpuMs: 0 };
  readonly #start = performance.now();

  add(span: keyof Spans, ms: number): void {
    this.spans[span] += ms;
  }

  /** Milliseconds since the call began. */
  get totalMs(): number {
    return performance.now() - this.#start;
  }
}
