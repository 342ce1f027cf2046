import { alignUp } from "../../core/bytes.ts";
import { WebGpuAllocation } from "./buffer.ts";

/** Room for as many bindings as any device has, at their largest. */
const ringBytes = 2 ** 20;

/** Collects small host data for dispatches that are not yet submitted; one upload carries it all. */
export class Parameters {
  readonly allocation: WebGpuAllocation;
  readonly #host = new Uint8Array(ringBytes);
  readonly #alignment: number;
  #used = 0;

  constructor(device: GPUDevice, alignment: number, label: string) {
    this.allocation = WebGpuAllocation.create(device, ringBytes, label, () => {});
    this.#alignment = alignment;
  }

  /** False when everything collected must be submitted first. */
  hasRoom(byteLength: number): boolean {
    return this.#used + alignUp(byteLength, this.#alignment) <= ringBytes;
  }

  /** Byte offset of the copy, of which `byteLength` bytes, at least, may be bound; the rest is zero. */
  place(bytes: Uint8Array | undefined, byteLength: number): number {
    const byteOffset = this.#used;
    const given = bytes?.byteLength ?? 0;
    const end = byteOffset + alignUp(Math.max(byteLength, given), this.#alignment);
    if (bytes !== undefined) this.#host.set(bytes, byteOffset);
    this.#host.fill(0, byteOffset + given, end);
    this.#used = end;
    return byteOffset;
  }

  upload(queue: GPUQueue): void {
    if (this.#used > 0) queue.writeBuffer(this.allocation.buffer, 0, this.#host, 0, this.#used);
    this.#used = 0;
  }
}
