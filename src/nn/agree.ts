import type { NamedTensors } from "./executor/executor.ts";
import { fromBrainFloat, fromHalf } from "./half.ts";
import type { NnTensor } from "./tensor.ts";

/** Sums over other groupings differ by rounding. */
const relative = 1e-3;
const ofLargest = 1e-4;

/** Whether two runs gave the same, but for rounding. */
export function agree(some: NamedTensors, others: NamedTensors): boolean {
  return Object.entries(others).every(([name, other]) => {
    const one = some[name];
    return one !== undefined && String(one.shape) === String(other.shape) && agreeing(one, other);
  });
}

function agreeing(some: NnTensor, other: NnTensor): boolean {
  const isFloat = ["f32", "f64", "f16", "bf16"].includes(some.dtype);
  if (!isFloat) return Array.from<unknown>(some.data).every((value, at) => value === other.data[at]);
  const [a, b] = [numbers(some), numbers(other)];
  const largest = b.reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
    0,
  );
  return a.every((value, at) => {
    const expected = b[at] ?? Number.NaN;
    if (Object.is(value, expected) || value === expected) return true;
    return Math.abs(value - expected) <= relative * Math.abs(expected) + ofLargest * largest;
  });
}

function numbers({ dtype, data }: NnTensor): number[] {
  const convert = dtype === "f16" ? fromHalf : dtype === "bf16" ? fromBrainFloat : (value: number) => value;
  return Array.from(data as Iterable<number>, convert);
}
