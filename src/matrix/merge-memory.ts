import { allocateHost } from "./host-memory.ts";

const mostBytes = 64 << 20;
const idleMs = 1_000;

const free = new Map<number, Float32Array[]>();
let freeBytes = 0;
let timer: NodeJS.Timeout | undefined;

/**
 * Host memory that many batches use one after the other: touching 16 MiB for the first time takes longer than filling it
 * again. What nobody used for a second goes back.
 */
export function takeMergeMemory(length: number): Float32Array {
  const capacity = 2 ** Math.ceil(Math.log2(length));
  const memory = free.get(capacity)?.pop();
  if (memory === undefined) return allocateHost(capacity).subarray(0, length);
  freeBytes -= memory.byteLength;
  return memory.subarray(0, length);
}

/** `memory` came from `takeMergeMemory`, and nobody needs its contents any more. */
export function giveMergeMemory(memory: Float32Array): void {
  const capacity = 2 ** Math.ceil(Math.log2(memory.length));
  const whole = new Float32Array(memory.buffer, memory.byteOffset, capacity);
  if (freeBytes + whole.byteLength > mostBytes) return;
  freeBytes += whole.byteLength;
  const same = free.get(capacity);
  if (same === undefined) free.set(capacity, [whole]);
  else same.push(whole);
  timer ??= setTimeout(forget, idleMs).unref();
  timer.refresh();
}

function forget(): void {
  free.clear();
  freeBytes = 0;
  timer = undefined;
}
