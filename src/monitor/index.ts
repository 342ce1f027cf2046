export type {
  DeviceProcess,
  DeviceSample,
  DeviceSource,
  SampleValues,
  SourceGroup,
} from "./device-source.ts";
export { deviceSample } from "./device-source.ts";
export { bindMonitor } from "./family.ts";
export type { EventLoopDelay } from "./host/event-loop.ts";
export type { ContainerSample, HostSample, ProcessSample } from "./host/host.ts";
export { Monitor, type MonitorOptions, type WatchOptions } from "./monitor.ts";
export { nvidiaSmiSource } from "./nvidia-smi.ts";
export { nvmlSource } from "./nvml/source.ts";
export type { MonitorSnapshot } from "./snapshot.ts";
export type { SourceState } from "./sources.ts";
export { sysfsSource } from "./sysfs.ts";
