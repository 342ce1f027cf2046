import { bitsOf, f16, f32, f64, i32, i64, type ScalarType, type Type, typeName, u64 } from "../types.ts";
import { type Data, foldError, halfBits, halfFromBits } from "./value.ts";

/** Reinterprets the bits of a constant; refused where that makes a NaN or an infinity. */
export function foldBitcast(value: Data, from: Type, to: Type): Data {
  const source = from.kind === "vector" ? from.element : from;
  const target = to.kind === "vector" ? to.element : to;
  if (source === target) return value;
  const words = typeof value === "object" ? value : [value];
  if (source.kind !== "scalar" || target.kind !== "scalar")
    throw foldError("bitcast takes scalars and vectors");
  const bytes = new DataView(new ArrayBuffer(32));
  const step = bitsOf(source) / 8;
  for (const [index, item] of words.entries()) setBits(bytes, index * step, source, item);
  const width = bitsOf(target) / 8;
  const results = Array.from({ length: (words.length * step) / width }, (_, index) =>
    getBits(bytes, index * width, target),
  );
  const finite = results.every((item) => typeof item === "bigint" || Number.isFinite(item));
  if (!finite) throw foldError(`these bits are not a finite ${typeName(to)}`);
  return to.kind === "vector" ? results : (results[0] ?? 0);
}

function setBits(bytes: DataView, offset: number, type: ScalarType, item: Data): void {
  if (type === f64) bytes.setFloat64(offset, Number(item), true);
  else if (type === f32) bytes.setFloat32(offset, Number(item), true);
  else if (type === f16) bytes.setUint16(offset, halfBits(Number(item)), true);
  else if (typeof item === "bigint") bytes.setBigUint64(offset, BigInt.asUintN(64, item), true);
  else bytes.setUint32(offset, Number(item), true);
}

function getBits(bytes: DataView, offset: number, type: ScalarType): number | bigint {
  switch (type) {
    case i64:
      return bytes.getBigInt64(offset, true);
    case u64:
      return bytes.getBigUint64(offset, true);
    case f64:
      return bytes.getFloat64(offset, true);
    case f32:
      return bytes.getFloat32(offset, true);
    case f16:
      return halfFromBits(bytes.getUint16(offset, true));
    default:
      return type === i32 ? bytes.getInt32(offset, true) : bytes.getUint32(offset, true);
  }
}
