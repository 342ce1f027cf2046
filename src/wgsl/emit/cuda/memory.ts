import { type Definition, inline } from "./definition.ts";

const atomics = [
  ["atomic_add", "atomicAdd"],
  ["atomic_sub", "atomicSub"],
  ["atomic_min", "atomicMin"],
  ["atomic_max", "atomicMax"],
  ["atomic_and", "atomicAnd"],
  ["atomic_or", "atomicOr"],
  ["atomic_xor", "atomicXor"],
  ["atomic_xchg", "atomicExch"],
] as const;

export const memory: readonly Definition[] = [
  ...atomics.map(([name, own]) => ({
    name,
    text: `template <class T> ${inline} T ${name}(volatile T* p, T x) { return ::${own}((T*)p, x); }`,
  })),
  {
    name: "atomic_cmpxchg",
    text: `template <class T> ${inline} T atomic_cmpxchg(volatile T* p, T expected, T x) { return ::atomicCAS((T*)p, expected, x); }`,
  },
];
