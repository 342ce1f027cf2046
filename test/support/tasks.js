/** @param {[Float64Array, Int8Array]} arrays @param {{ factor: number }} parameters */
export function scale([values, empty], { factor }) {
  for (let at = 0; at < values.length; at++) values[at] *= factor;
  return { count: values.length, empty: empty.length };
}

/** @param {(Float32Array | BigInt64Array)[]} arrays */
export function count([values]) {
  for (let at = 0; at < values.length; at++) {
    const next = at + 1;
    values[at] = values instanceof BigInt64Array ? BigInt(next) : next;
  }
}

export function fail() {
  throw new Error("no such luck");
}
