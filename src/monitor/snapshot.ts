import type { RuntimeStatistics } from "../runtime/index.ts";
import type { DeviceSample } from "./device-source.ts";
import type { EventLoopDelay } from "./host/event-loop.ts";
import type { HostSample, ProcessSample } from "./host/host.ts";
import type { SourceState } from "./sources.ts";

/** Everything the monitor sees at one moment. Shares are 0 to 1; what cannot be seen is `undefined`. */
export interface MonitorSnapshot {
  readonly time: Date;
  readonly devices: readonly DeviceSample[];
  /** Who was asked for devices, and why one sees nothing. */
  readonly sources: readonly SourceState[];
  readonly host: HostSample;
  readonly process: ProcessSample;
  /** Only while somebody watches. */
  readonly eventLoop: EventLoopDelay | undefined;
  /** What this program's runtime counted; `undefined` for a monitor without one. */
  readonly runtime: RuntimeStatistics | undefined;
}
