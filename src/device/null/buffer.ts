import type { Allocation } from "../regions.ts";

export class NullAllocation implements Allocation {
  readonly byteLength: number;

  constructor(byteLength: number) {
    this.byteLength = byteLength;
  }

  release(): void {}
}
