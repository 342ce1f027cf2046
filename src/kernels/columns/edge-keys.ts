import type { FixedPhysical } from "./column.ts";

export type Edge = number | bigint;

const view = new DataView(new ArrayBuffer(8));

/** The key of a float's bits in the order of the values, as kernels make it. */
function floatKey(bits: bigint, width: 32n | 64n): bigint {
  const sign = 1n << (width - 1n);
  const all = (1n << width) - 1n;
  const one = (bits & (sign - 1n)) === 0n ? 0n : bits;
  return (one & sign) !== 0n ? one ^ all : one ^ sign;
}

/** The least key of values that are at least the edge, or with `below` the greatest key of values that are at most it. */
export function edgeKey(
  physical: Exclude<FixedPhysical, "bits" | "i128">,
  edge: Edge,
  below: boolean,
): bigint {
  if (physical === "f64") {
    view.setFloat64(0, Number(edge));
    return floatKey(view.getBigUint64(0), 64n);
  }
  if (physical === "f32") {
    const wanted = Number(edge);
    const near = Math.fround(wanted);
    view.setFloat32(0, near);
    const key = floatKey(BigInt(view.getUint32(0)), 32n);
    if (near === wanted) return key;
    return near < wanted ? (below ? key : key + 1n) : below ? key - 1n : key;
  }
  const bits = BigInt(physical.slice(1));
  const signed = physical.startsWith("i");
  const offset = signed ? 1n << (bits - 1n) : 0n;
  return integerEdge(edge, below) + offset;
}

function integerEdge(edge: Edge, below: boolean): bigint {
  if (typeof edge === "bigint") return edge;
  if (!Number.isFinite(edge)) return edge > 0 ? 1n << 128n : -(1n << 128n);
  return BigInt(below ? Math.floor(edge) : Math.ceil(edge));
}
