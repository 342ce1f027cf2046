import type { Device } from "../../device/device.ts";
import { type KernelOptions, scratch } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import {
  bitmapBytes,
  type ColumnMemory,
  type FixedMemory,
  type FixedPhysical,
  type TextMemory,
} from "./column.ts";
import { bytesOfPhysical } from "./width.ts";

/** A column that a kernel made: all of its memory is its own. */
export interface OwnedFixed extends FixedMemory {
  readonly values: Scratch;
  readonly validity?: Scratch | undefined;
}

export interface OwnedText extends TextMemory {
  readonly offsets: Scratch;
  readonly values: Scratch;
  readonly validity?: Scratch | undefined;
}

export type OwnedColumn = OwnedFixed | OwnedText;

export function disposeColumn(column: OwnedColumn): void {
  column.validity?.[Symbol.dispose]();
  column.values[Symbol.dispose]();
  if (column.physical === "text") column.offsets[Symbol.dispose]();
}

/** Results that are being made: freed together unless the work ends well. */
export class Making implements Disposable {
  readonly #device: Device;
  readonly #options: KernelOptions;
  readonly #made: Scratch[] = [];

  constructor(device: Device, options: KernelOptions) {
    this.#device = device;
    this.#options = options;
  }

  take(bytes: number, label: string): Scratch {
    const memory = scratch(this.#device, this.#options, bytes, label);
    this.#made.push(memory);
    return memory;
  }

  /** Memory that another kernel made. */
  keep(memory: Scratch): void {
    this.#made.push(memory);
  }

  values(physical: FixedPhysical, count: number): Scratch {
    return this.take(physical === "bits" ? bitmapBytes(count) : count * bytesOfPhysical(physical), "values");
  }

  bitmap(count: number): Scratch {
    return this.take(bitmapBytes(count), "bitmap");
  }

  /** Takes over what another kernel made. */
  adopt(memory: Scratch): Scratch {
    this.#made.push(memory);
    return memory;
  }

  free(memory: Scratch): void {
    this.#made.splice(this.#made.indexOf(memory), 1);
    memory[Symbol.dispose]();
  }

  /** From here on they belong to the caller. */
  done<T>(result: T): T {
    this.#made.length = 0;
    return result;
  }

  [Symbol.dispose](): void {
    for (const memory of this.#made.splice(0)) memory[Symbol.dispose]();
  }
}

export function isText(column: ColumnMemory): column is TextMemory {
  return column.physical === "text";
}
