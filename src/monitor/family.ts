import type { Runtime } from "../runtime/index.ts";
import { Monitor } from "./monitor.ts";

export function bindMonitor(runtime: Runtime): Monitor {
  return new Monitor(runtime);
}
