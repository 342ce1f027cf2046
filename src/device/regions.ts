import { alignUp, formatBytes } from "../core/bytes.ts";
import { AikoError } from "../errors.ts";
import { BaseBuffer } from "./base-buffer.ts";
import type { Bindable, BufferView, Device, DeviceBuffer } from "./device.ts";

/** Native memory behind a buffer. `byteLength` is rounded up to whole 16-byte blocks and never zero. */
export interface Allocation {
  readonly byteLength: number;
  release(): void;
}

/** A checked slice of a live buffer of the right device. */
export interface Region<A extends Allocation = Allocation> {
  readonly allocation: A;
  readonly label: string;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Native size of a buffer: room for the last word of any view, and something to bind when it is empty. */
export function nativeByteLength(byteLength: number): number {
  return Math.max(16, alignUp(byteLength, 16));
}

/** Copies and bindings move whole words; the bytes after a region's end in its last word belong to it. */
export function wordLength(byteLength: number): number {
  return alignUp(byteLength, 4);
}

export function isBufferOrView(value: Bindable): value is DeviceBuffer | BufferView {
  return !ArrayBuffer.isView(value);
}

export function regionOf<A extends Allocation>(target: DeviceBuffer | BufferView, device: Device): Region<A> {
  const buffer = target instanceof BaseBuffer ? target : (target as Partial<BufferView> | null)?.buffer;
  if (!(buffer instanceof BaseBuffer)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Expected a buffer or a view of one, got ${target === null ? "null" : typeof target}`,
      hint: "Allocate one with device.allocate, or upload host data with device.write.",
    });
  }
  if (buffer.device !== device) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Buffer ${buffer.label} belongs to ${buffer.device.label}, not to ${device.label}`,
      hint: "Read it on its own device and write it to this one.",
    });
  }
  const allocation = buffer.allocation as A;
  if (target === buffer)
    return { allocation, label: buffer.label, byteOffset: 0, byteLength: buffer.byteLength };
  const { byteOffset, byteLength } = target as BufferView;
  return {
    allocation,
    label: `${buffer.label}[${byteOffset}..${byteOffset + byteLength}]`,
    byteOffset,
    byteLength,
  };
}

export function assertFits(needed: number, region: Region, action: string): void {
  if (needed > region.byteLength) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Cannot ${action} ${formatBytes(needed)} (${needed} bytes): ${region.label} holds ${region.byteLength} bytes`,
    });
  }
}

export function overlaps(a: Region, b: Region): boolean {
  return (
    a.allocation === b.allocation &&
    a.byteOffset < b.byteOffset + wordLength(b.byteLength) &&
    b.byteOffset < a.byteOffset + wordLength(a.byteLength)
  );
}
