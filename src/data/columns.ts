import type { HostTable } from "../core/column.ts";
import type { Schema } from "../core/column-type.ts";

/** Columns of one length: on the host, on devices, in the CPU engine, or in several of these. Nothing moves until somebody asks. */
export interface Columns extends Disposable {
  readonly schema: Schema;
  readonly rows: number;
  readonly byteLength: number;
  readonly isOnHost: boolean;
  readonly isOnDevice: boolean;
  readonly disposed: boolean;
  /** The host's copy, brought on first need. */
  host(): Promise<HostTable>;
  dispose(): void;
}
