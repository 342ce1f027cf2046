import type { Adapter, Device, Feature, Limits, OpenOptions } from "../device.ts";
import { maxWorkgroupsPerDimension } from "../grid.ts";
import { NullDevice } from "./device.ts";

const gigabyte = 2 ** 30;

/** Counts and checks like a real adapter, and computes nothing: memory, planning and telemetry tested without a GPU. */
export class NullAdapter implements Adapter {
  readonly backend = "null";
  readonly index = 0;
  readonly id = "null:0";
  readonly kind = "null";
  readonly name = "Null device";
  readonly vendor = "AikoRyu";
  readonly driver = "none";
  readonly features: ReadonlySet<Feature> = new Set();
  readonly limits: Limits = {
    bufferBytes: gigabyte,
    bindingBytes: gigabyte,
    storageBuffers: 8,
    workgroupThreads: 256,
    workgroupSize: [256, 256, 64],
    workgroupBytes: 16_384,
    workgroupsPerDimension: maxWorkgroupsPerDimension,
    viewAlignment: 256,
    memoryBytes: 4 * gigabyte,
  };

  async open(options: OpenOptions = {}): Promise<Device> {
    return new NullDevice(this, options);
  }
}
