import { type Definition, inline } from "./definition.ts";

const lanes = ["char", "uchar", "short", "ushort", "int", "uint", "i64", "u64", "float", "double"];

/** The names of all vector types. */
export const vectorNames = lanes.flatMap((lane) => [2, 3, 4].map((size) => `${lane}x${size}`));

const arithmetic = "+ - * / % & | ^ << >>".split(" ").map((operator) => `AIKO_LANES(vec, , ${operator})`);
const comparisons = "== != < <= > >=".split(" ").map((operator) => `AIKO_LANES(AIKO_MASK, -, ${operator})`);

/** The names and meanings are those of OpenCL C's vectors: comparisons give lanes of int that are -1 or 0. */
const vec = `
template <class T, int N> struct alignas(N == 3 ? alignof(T) : N * sizeof(T)) vec {
  T e[N];
  vec() = default;
  template <class... P> __device__ __forceinline__ constexpr explicit vec(P... parts) : e{} {
    int at = 0;
    (put(at, parts), ...);
    if (at == 1) for (; at < N; at++) e[at] = e[0];
  }
  template <class P> __device__ __forceinline__ constexpr void put(int& at, P part) { e[at++] = (T)part; }
  template <class P, int M> __device__ __forceinline__ constexpr void put(int& at, vec<P, M> part) {
    for (int i = 0; i < M; i++) e[at++] = (T)part.e[i];
  }
#define AIKO_MASK vec<int, N>
#define AIKO_LANES(R, sign, op) \\
  friend __device__ __forceinline__ R operator op(vec a, vec b) { R r; for (int i = 0; i < N; i++) r.e[i] = sign(a.e[i] op b.e[i]); return r; } \\
  friend __device__ __forceinline__ R operator op(vec a, T b) { return a op vec(b); } \\
  friend __device__ __forceinline__ R operator op(T a, vec b) { return vec(a) op b; }
  ${arithmetic.join("\n  ")}
  ${comparisons.join("\n  ")}
#undef AIKO_LANES
#undef AIKO_MASK
  friend __device__ __forceinline__ vec operator-(vec a) { for (int i = 0; i < N; i++) a.e[i] = -a.e[i]; return a; }
  friend __device__ __forceinline__ vec operator~(vec a) { for (int i = 0; i < N; i++) a.e[i] = ~a.e[i]; return a; }
};`.trim();

export const vectors: readonly Definition[] = [
  { name: "uchar", text: "typedef unsigned char uchar;" },
  { name: "ushort", text: "typedef unsigned short ushort;" },
  { name: "uint", text: "typedef unsigned int uint;" },
  { name: "i64", text: "typedef long long i64;" },
  { name: "u64", text: "typedef unsigned long long u64;" },
  { name: "vec", text: vec },
  ...vectorNames.map((name) => {
    const [lane = "", size = ""] = name.split("x");
    return { name, text: `using ${name} = vec<${lane === "char" ? "signed char" : lane}, ${size}>;` };
  }),
  {
    name: "swizzle",
    text: `template <int... I, class T, int N> ${inline} vec<T, sizeof...(I)> swizzle(vec<T, N> v) { return vec<T, sizeof...(I)>(v.e[I]...); }`,
  },
  {
    name: "as",
    text: `template <class To, class From> ${inline} To as(From from) { union { From from; To to; } bits; bits.from = from; return bits.to; }`,
  },
  {
    name: "convert",
    text: `template <class To, class From> ${inline} To convert(From from) { return To(from); }`,
  },
  {
    name: "select",
    text: `template <class T, int N> ${inline} vec<T, N> select(vec<T, N> no, vec<T, N> yes, vec<int, N> mask) { for (int i = 0; i < N; i++) no.e[i] = mask.e[i] < 0 ? yes.e[i] : no.e[i]; return no; }`,
  },
  {
    name: "all",
    text: `template <int N> ${inline} int all(vec<int, N> x) { int r = -1; for (int i = 0; i < N; i++) r &= x.e[i]; return r; }`,
  },
  {
    name: "any",
    text: `template <int N> ${inline} int any(vec<int, N> x) { int r = 0; for (int i = 0; i < N; i++) r |= x.e[i]; return r; }`,
  },
  {
    name: "vload3",
    text: `template <class T> ${inline} vec<T, 3> vload3(int i, const T* p) { return vec<T, 3>(p[3 * i], p[3 * i + 1], p[3 * i + 2]); }`,
  },
  {
    name: "vstore3",
    text: `template <class T> ${inline} void vstore3(vec<T, 3> v, int i, T* p) { p[3 * i] = v.e[0]; p[3 * i + 1] = v.e[1]; p[3 * i + 2] = v.e[2]; }`,
  },
];
