import type { DeviceSample } from "../device-source.ts";
import type { MonitorSnapshot } from "../snapshot.ts";
import type { Metric } from "./text.ts";

type Read = (device: DeviceSample) => number | undefined;

export function deviceMetrics({ devices, sources }: MonitorSnapshot): Metric[] {
  const metric = (type: Metric["type"], name: string, help: string, read: Read): Metric => ({
    name: `aikoryu_device_${name}`,
    type,
    help,
    values: devices.map((device) => ({ labels: { device: device.id }, value: read(device) })),
  });
  return [
    {
      name: "aikoryu_source_up",
      type: "gauge",
      help: "Whether this way to see devices works.",
      values: sources.map(({ source, state }) => ({ labels: { source }, value: state === "up" ? 1 : 0 })),
    },
    {
      name: "aikoryu_device_info",
      type: "gauge",
      help: "The devices of the machine; always 1.",
      values: devices.map(({ id, name, vendor, driver, pciAddress, source }) => ({
        labels: {
          device: id,
          name,
          vendor: vendor ?? "",
          driver: driver ?? "",
          pci_address: pciAddress ?? "",
          source,
        },
        value: 1,
      })),
    },
    metric("gauge", "up", "Whether the device can be read.", ({ problem }) =>
      problem === undefined ? 1 : 0,
    ),
    metric("gauge", "utilization_ratio", "Share of time in which kernels ran.", (one) => one.gpuUtilization),
    metric(
      "gauge",
      "memory_utilization_ratio",
      "Share of time in which device memory was read or written.",
      (one) => one.memoryUtilization,
    ),
    metric("gauge", "memory_used_bytes", "Device memory in use by all programs.", memoryUsed),
    metric("gauge", "memory_size_bytes", "Device memory in all.", (one) => one.memoryTotalBytes),
    metric("gauge", "temperature_celsius", "Temperature of the device.", (one) => one.temperatureCelsius),
    metric("gauge", "power_watts", "Electric power drawn.", (one) => one.powerWatts),
    metric("gauge", "power_limit_watts", "The most power the device may draw.", (one) => one.powerLimitWatts),
    metric(
      "counter",
      "energy_joules_total",
      "Energy used since the driver loaded.",
      (one) => one.energyJoules,
    ),
    metric("gauge", "core_clock_hertz", "Clock of the compute cores.", (one) => one.coreClockHertz),
    metric("gauge", "memory_clock_hertz", "Clock of the device memory.", (one) => one.memoryClockHertz),
    metric("gauge", "fan_speed_ratio", "Fan speed as a share of its full speed.", (one) => one.fanRatio),
    metric(
      "gauge",
      "pcie_receive_bytes_per_second",
      "Traffic from the host to the device.",
      (one) => one.pcieReceiveBytesPerSecond,
    ),
    metric(
      "gauge",
      "pcie_transmit_bytes_per_second",
      "Traffic from the device to the host.",
      (one) => one.pcieTransmitBytesPerSecond,
    ),
    metric(
      "counter",
      "ecc_uncorrected_errors_total",
      "Memory errors that could not be corrected since the driver loaded.",
      (one) => one.eccErrors,
    ),
    metric("gauge", "processes", "Programs that use the device.", (one) => one.processes?.length),
    {
      name: "aikoryu_device_throttled",
      type: "gauge",
      help: "Why clocks are held down; 1 while they are.",
      values: devices.flatMap(({ id, throttleReasons = [] }) =>
        throttleReasons.map((reason) => ({ labels: { device: id, reason }, value: 1 })),
      ),
    },
  ];
}

/** A runtime knows its own memory only; that is in the runtime's metrics. */
function memoryUsed({ source, memoryUsedBytes }: DeviceSample): number | undefined {
  return source === "runtime" ? undefined : memoryUsedBytes;
}
