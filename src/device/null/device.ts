import { BaseDevice } from "../base-device.ts";
import type { WorkKind } from "../timer.ts";
import { NullAllocation } from "./buffer.ts";
import { NullProgram } from "./kernel.ts";
import { NullQueue } from "./queue.ts";

export class NullDevice extends BaseDevice<NullAllocation, NullProgram> {
  protected readonly queue = new NullQueue();
  protected readonly target = "webgpu";
  protected readonly clocks: ReadonlySet<WorkKind> = new Set();

  protected createAllocation(byteLength: number): NullAllocation {
    return new NullAllocation(byteLength);
  }

  protected async createProgram(): Promise<NullProgram> {
    return new NullProgram();
  }

  protected interrupt(): void {}

  protected async close(): Promise<void> {}
}
