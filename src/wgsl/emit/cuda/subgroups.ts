import { type Definition, inline } from "./definition.ts";
import { vectorNames } from "./vectors.ts";

/** A subgroup is a warp: 32 threads in a row of the workgroup's linear order, fewer at its end. */
const ids: readonly Definition[] = [
  {
    name: "linear_index",
    text: `${inline} uint linear_index() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }`,
  },
  { name: "lane_index", text: `${inline} uint lane_index() { return linear_index() & 31u; }` },
];

/** WGSL has all threads of a subgroup arrive together unless its `subgroup_uniformity` rule is turned off. */
const together = `${inline} uint arrived() {
  uint rest = blockDim.x * blockDim.y * blockDim.z - (linear_index() & ~31u);
  return rest < 32u ? (1u << rest) - 1u : 0xffffffffu;
}`;
const divergent = `${inline} uint arrived() { return __activemask(); }`;

interface Fold {
  readonly name: string;
  readonly neutral: string;
  readonly body: string;
}

const sum: Fold = { name: "Add", neutral: "0", body: "return a + b;" };
const product: Fold = { name: "Mul", neutral: "1", body: "return a * b;" };
const folds: readonly Fold[] = [
  sum,
  product,
  { name: "Min", neutral: "0", body: "return b < a ? b : a;" },
  { name: "Max", neutral: "0", body: "return a < b ? b : a;" },
  { name: "And", neutral: "0", body: "return a & b;" },
  { name: "Or", neutral: "0", body: "return a | b;" },
  { name: "Xor", neutral: "0", body: "return a ^ b;" },
];

/** Signed sums and products wrap, and so are made of unsigned ones. */
const wrapping: readonly Definition[] = [
  { name: "Wrapping", text: "template <class T> struct Wrapping { typedef T type; };" },
  { name: "Wrapping", text: "template <> struct Wrapping<int> { typedef unsigned int type; };" },
  { name: "Wrapping", text: "template <> struct Wrapping<long long> { typedef unsigned long long type; };" },
];

function combiner({ name, body }: Fold): Definition {
  const wraps = name === "Add" || name === "Mul";
  const text = wraps
    ? `struct Lane${name} { template <class T> ${inline} T operator()(T x, T y) { typename Wrapping<T>::type a = x, b = y; ${body.replace("return ", "return (T)(").replace(";", ");")} } };`
    : `struct Lane${name} { template <class T> ${inline} T operator()(T a, T b) { ${body} } };`;
  return { name: `Lane${name}`, text };
}

const shuffles: readonly Definition[] = [
  {
    name: "from_lane",
    text: `template <class T> ${inline} T from_lane(uint mask, T x, uint lane) { return __shfl_sync(mask, x, (int)(lane & 31u)); }`,
  },
  {
    name: "from_lane",
    text: `template <class T, int N> ${inline} vec<T, N> from_lane(uint mask, vec<T, N> x, uint lane) { for (int i = 0; i < N; i++) x.e[i] = from_lane(mask, x.e[i], lane); return x; }`,
    among: vectorNames,
  },
];

/** All lanes at once by halves; where some are missing, one after the other. */
const reduction = `template <class T, class Fold> ${inline} T fold_lanes(T x, Fold fold) {
  uint mask = arrived();
  if (mask == 0xffffffffu) {
    for (uint step = 16u; step > 0u; step >>= 1) x = fold(x, from_lane(mask, x, lane_index() ^ step));
    return x;
  }
  T result = from_lane(mask, x, (uint)(__ffs((int)mask) - 1));
  for (uint rest = mask & (mask - 1u); rest != 0u; rest &= rest - 1u)
    result = fold(result, from_lane(mask, x, (uint)(__ffs((int)rest) - 1)));
  return result;
}`;

/** What the lanes before this one hold, and this one's own where it is inclusive. */
const scan = `template <class T, class Fold> ${inline} T scan_lanes(T x, T neutral, bool inclusive, Fold fold) {
  uint mask = arrived();
  uint lane = lane_index();
  T result = neutral;
  if (mask == 0xffffffffu) {
    T sum = x;
    for (uint step = 1u; step < 32u; step <<= 1) {
      T before = from_lane(mask, sum, lane - step);
      if (lane >= step) sum = fold(before, sum);
    }
    T before = from_lane(mask, sum, lane - 1u);
    return inclusive ? sum : lane == 0u ? neutral : before;
  }
  for (uint rest = mask; rest != 0u; rest &= rest - 1u) {
    uint other = (uint)(__ffs((int)rest) - 1);
    T value = from_lane(mask, x, other);
    if (other < lane || (inclusive && other == lane)) result = fold(result, value);
  }
  return result;
}`;

/** A function of one value, for scalars and, lane by lane, for vectors. */
function over(name: string, body: string, second = ""): Definition[] {
  const parameters = second === "" ? "" : `, ${second}`;
  const argument = second.split(" ").slice(1).join("");
  const pass = argument === "" ? "" : `, ${argument}`;
  return [
    { name, text: `template <class T> ${inline} T ${name}(T x${parameters}) { ${body} }` },
    {
      name,
      text: `template <class T, int N> ${inline} vec<T, N> ${name}(vec<T, N> x${parameters}) { for (int i = 0; i < N; i++) x.e[i] = ${name}(x.e[i]${pass}); return x; }`,
      among: vectorNames,
    },
  ];
}

const operations: readonly Definition[] = [
  ...folds.flatMap(({ name }) => over(`subgroup${name}`, `return fold_lanes(x, Lane${name}());`)),
  ...[sum, product].flatMap(({ name, neutral }) => [
    ...over(`subgroupInclusive${name}`, `return scan_lanes(x, T(${neutral}), true, Lane${name}());`),
    ...over(`subgroupExclusive${name}`, `return scan_lanes(x, T(${neutral}), false, Lane${name}());`),
  ]),
  ...over("subgroupBroadcast", "return from_lane(arrived(), x, lane);", "uint lane"),
  ...over(
    "subgroupBroadcastFirst",
    "uint mask = arrived(); return from_lane(mask, x, (uint)(__ffs((int)mask) - 1));",
  ),
  ...over("subgroupShuffle", "return from_lane(arrived(), x, lane);", "uint lane"),
  ...over("subgroupShuffleUp", "return from_lane(arrived(), x, lane_index() - distance);", "uint distance"),
  ...over("subgroupShuffleDown", "return from_lane(arrived(), x, lane_index() + distance);", "uint distance"),
  ...over("subgroupShuffleXor", "return from_lane(arrived(), x, lane_index() ^ mask);", "uint mask"),
  ...over(
    "quadBroadcast",
    "return from_lane(arrived(), x, (lane_index() & ~3u) | (lane & 3u));",
    "uint lane",
  ),
  ...over("quadSwapX", "return from_lane(arrived(), x, lane_index() ^ 1u);"),
  ...over("quadSwapY", "return from_lane(arrived(), x, lane_index() ^ 2u);"),
  ...over("quadSwapDiagonal", "return from_lane(arrived(), x, lane_index() ^ 3u);"),
  {
    name: "subgroupAll",
    text: `${inline} bool subgroupAll(bool x) { return __all_sync(arrived(), x) != 0; }`,
  },
  {
    name: "subgroupAny",
    text: `${inline} bool subgroupAny(bool x) { return __any_sync(arrived(), x) != 0; }`,
  },
  {
    name: "subgroupBallot",
    text: `${inline} uintx4 subgroupBallot(bool x) { return uintx4(__ballot_sync(arrived(), x), 0u, 0u, 0u); }`,
  },
  {
    name: "subgroupElect",
    text: `${inline} bool subgroupElect() { return lane_index() == (uint)(__ffs((int)arrived()) - 1); }`,
  },
];

/** WGSL's subgroup and quad operations. */
export function subgroups(diverges: boolean): Definition[] {
  return [
    ...ids,
    { name: "arrived", text: diverges ? divergent : together },
    ...wrapping,
    ...folds.map(combiner),
    ...shuffles,
    { name: "fold_lanes", text: reduction },
    { name: "scan_lanes", text: scan },
    ...operations,
  ];
}
