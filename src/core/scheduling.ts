import { endianness } from "node:os";
import { type Koffi, loadFfi } from "./ffi.ts";

/** The two system calls by processor: sched_getattr, sched_setattr. */
const callNumbers: Readonly<Record<string, readonly [get: number, set: number]>> = {
  x64: [315, 314],
  arm64: [275, 274],
};
const attributeBytes = 56;
const policyAt = 4;
const runtimeAt = 24;
const SCHED_OTHER = 0;
const sliceNs = 100_000n;

let asked: Promise<void> | undefined;

/**
 * Asks Linux to run the calling thread soon after it wakes, though it may then run for less: where kernels or ONNX
 * Runtime compute on every core, JavaScript waited for the end of their time slice, 4 ms with 250 ticks a second. Needs
 * no privilege and leaves policy and nice value as they are; before Linux 6.12 it has no effect.
 */
export function wakePromptly(): Promise<void> {
  asked ??= loadFfi().then(shortenSlice, () => {});
  return asked;
}

function shortenSlice(koffi: Koffi): void {
  const numbers = callNumbers[process.arch];
  if (process.platform !== "linux" || numbers === undefined || endianness() !== "LE") return;
  const [get, set] = numbers;
  const call = koffi.load(null).func("syscall", "long", ["long", "long", "void *", "long", "long"]);
  const attributes = new DataView(new ArrayBuffer(attributeBytes));
  const bytes = new Uint8Array(attributes.buffer);
  if (call(get, 0, bytes, attributeBytes, 0) !== 0) return;
  if (attributes.getUint32(policyAt, true) !== SCHED_OTHER) return;
  attributes.setBigUint64(runtimeAt, sliceNs, true);
  call(set, 0, bytes, 0, 0);
}
