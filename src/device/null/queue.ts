import type { BackendQueue } from "../base-device.ts";
import type { Region } from "../regions.ts";
import type { NullAllocation } from "./buffer.ts";
import type { NullProgram } from "./kernel.ts";

/** Drops all work; whatever is read back is zero. */
export class NullQueue implements BackendQueue<NullAllocation, NullProgram> {
  write(): void {}

  copy(): void {}

  dispatch(): void {}

  async read(_source: Region<NullAllocation>, into: Uint8Array): Promise<void> {
    into.fill(0);
  }

  async finish(): Promise<void> {}
}
