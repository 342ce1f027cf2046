import type { Adapter } from "../../device/device.ts";
import type { Operation, Placement, Work } from "../operation.ts";
import { type Assumed, Learned, type LearnedData } from "./learned.ts";
import { assumedTransfer, type TransferCurve, transferMs } from "./transfer.ts";

/** Predicted milliseconds in one place, and whether calls like it were measured there. */
export interface Estimate {
  readonly ms: number;
  readonly sure: boolean;
}

/** What is known of one place: learned factors by operation and by where its inputs live. */
interface Place {
  transfer: TransferCurve | undefined;
  readonly learned: Map<string, Learned>;
}

export interface PlaceData {
  readonly transfer?: TransferCurve | undefined;
  readonly learned: Readonly<Record<string, LearnedData>>;
}

/** What a machine was measured to do: the CPU engines, and each device by name and driver. */
export interface CalibrationData {
  readonly engine: PlaceData;
  readonly devices: Readonly<Record<string, PlaceData>>;
}

/** A device as calibration knows it: another driver is another device. */
export function deviceKey({ name, driver }: Adapter): string {
  return `${name}, ${driver}`;
}

/**
 * Predicts what a call takes in either place: assumed rates, corrected by the calls measured so far, plus the transfers
 * that its inputs and result need.
 */
export class CostModel {
  readonly #engine: Place;
  readonly #devices: Map<string, Place>;

  constructor(data?: CalibrationData) {
    this.#engine = placeOf(data?.engine);
    const devices = Object.entries(data?.devices ?? {});
    this.#devices = new Map(devices.map(([key, place]) => [key, placeOf(place)]));
  }

  /** For a call that is being placed now. */
  estimate<I, O>(placement: Placement, operation: Operation<I, O>, work: Work, adapter: Adapter): Estimate {
    const learned = this.#place(placement, adapter).learned.get(learnedKey(placement, operation.name, work));
    const effort = effortOf(work);
    const assumed = this.#assumed(placement, operation, work, adapter);
    learned?.ask(effort);
    const before = learned?.predict(effort, assumed) ?? assumed.fixedMs + assumed.scaledMs;
    const after = placement === "gpu" ? this.#transferMs(adapter, "downloadMs", work.resultBytes) : 0;
    return { ms: before + after, sure: learned?.isSure(effort) ?? false };
  }

  /** Takes in what a call was measured to take, its result not yet fetched. */
  record<I, O>(
    placement: Placement,
    operation: Operation<I, O>,
    work: Work,
    adapter: Adapter,
    ms: number,
  ): void {
    const { learned } = this.#place(placement, adapter);
    const key = learnedKey(placement, operation.name, work);
    const known = learned.get(key) ?? new Learned();
    learned.set(key, known);
    known.record(effortOf(work), this.#assumed(placement, operation, work, adapter), ms);
  }

  /** Whether the device was ever seen to run this operation. */
  hasRun<I, O>({ name }: Operation<I, O>, adapter: Adapter): boolean {
    const { learned } = this.#device(adapter);
    return learned.has(name) || learned.has(movedKey(name));
  }

  transferOf(adapter: Adapter): TransferCurve | undefined {
    return this.#device(adapter).transfer;
  }

  calibrate(adapter: Adapter, transfer: TransferCurve): void {
    this.#device(adapter).transfer = transfer;
  }

  toJSON(): CalibrationData {
    const devices = [...this.#devices].map(([key, place]) => [key, dataOf(place)] as const);
    return { engine: dataOf(this.#engine), devices: Object.fromEntries(devices) };
  }

  #assumed<I, O>(placement: Placement, operation: Operation<I, O>, work: Work, adapter: Adapter): Assumed {
    const onGpu = placement === "gpu";
    const { rates } = operation;
    const rate = onGpu ? rates[adapter.kind === "gpu" ? "gpu" : "cpu"] : rates.engine;
    const [direction, moved] = onGpu
      ? (["uploadMs", work.hostBytes] as const)
      : (["downloadMs", work.deviceBytes] as const);
    const transfer = this.#transferMs(adapter, direction, moved);
    const latency = Math.min(transfer, this.#transferMs(adapter, direction, Math.min(1, moved)));
    // An operation is held up by its arithmetic or by its memory, whichever takes longer.
    return {
      fixedMs: rate.overheadMs + latency,
      scaledMs: Math.max(work.flops / rate.flopsPerMs, work.bytes / rate.bytesPerMs) + transfer - latency,
    };
  }

  #transferMs(adapter: Adapter, direction: "uploadMs" | "downloadMs", bytes: number): number {
    return transferMs(this.#device(adapter).transfer ?? assumedTransfer[adapter.kind], direction, bytes);
  }

  #place(placement: Placement, adapter: Adapter): Place {
    return placement === "gpu" ? this.#device(adapter) : this.#engine;
  }

  #device(adapter: Adapter): Place {
    const key = deviceKey(adapter);
    let place = this.#devices.get(key);
    if (place === undefined) {
      place = placeOf(undefined);
      this.#devices.set(key, place);
    }
    return place;
  }
}

function placeOf(data: PlaceData | undefined): Place {
  const learned = Object.entries(data?.learned ?? {});
  return {
    transfer: data?.transfer,
    learned: new Map(learned.map(([key, samples]) => [key, new Learned(samples)])),
  };
}

function dataOf({ transfer, learned }: Place): PlaceData {
  const entries = [...learned].map(([key, known]) => [key, known.toJSON()] as const);
  return { ...(transfer === undefined ? {} : { transfer }), learned: Object.fromEntries(entries) };
}

/** A call whose inputs have to move is another kind of call than one whose inputs are there. */
function learnedKey(placement: Placement, operation: string, work: Work): string {
  const moved = placement === "gpu" ? work.hostBytes : work.deviceBytes;
  return moved > 0 ? movedKey(operation) : operation;
}

const movedKey = (operation: string) => `${operation}, inputs moved`;

function effortOf({ flops, bytes }: Work): number {
  return flops + bytes;
}
