import { type Definition, inline } from "./definition.ts";
import { vectorNames } from "./vectors.ts";

/** NVRTC has no cuda_fp16.h: the GPU's own conversions, and the same by their bits elsewhere. */
const decode = `${inline} float from_half_float(ushort h) {
#ifdef __CUDA_ARCH__
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(h));
  return x;
#else
  uint exponent = (h >> 10) & 31u, fraction = h & 1023u, sign = (h & 0x8000u) << 16;
  if (exponent == 0u) return as<float>(sign | as<uint>((float)fraction * 5.9604644775390625e-8f));
  return as<float>(sign | (exponent == 31u ? 0x7f800000u : (exponent + 112u) << 23) | fraction << 13);
#endif
}`;

const encode = `${inline} ushort to_half_float(float x) {
#ifdef __CUDA_ARCH__
  ushort h;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(x));
  return h;
#else
  uint sign = (as<uint>(x) >> 16) & 0x8000u, u = as<uint>(x) & 0x7fffffffu;
  if (u > 0x7f800000u) return (ushort)(sign | 0x7e00u);
  if (u >= 0x477ff000u) return (ushort)(sign | 0x7c00u);
  if (u < 0x38800000u) return (ushort)(sign | (uint)::rintf(as<float>(u) * 16777216.0f));
  return (ushort)(sign | ((u + 0xfffu + ((u >> 13) & 1u) - 0x38000000u) >> 13));
#endif
}`;

function lanewise(name: string, from: string, to: string, size: number): Definition {
  const parts = Array.from({ length: size }, (_, at) => `${name}_float(v.e[${at}])`).join(", ");
  return {
    name: `${name}_floatx${size}`,
    text: `${inline} ${to}x${size} ${name}_floatx${size}(${from}x${size} v) { return ${to}x${size}(${parts}); }`,
    among: vectorNames,
  };
}

export const halves: readonly Definition[] = [
  { name: "from_half_float", text: decode },
  { name: "to_half_float", text: encode },
  {
    name: "round_half_float",
    text: `${inline} float round_half_float(float x) { return from_half_float(to_half_float(x)); }`,
  },
  ...[2, 3, 4].flatMap((size) => [
    lanewise("from_half", "ushort", "float", size),
    lanewise("to_half", "float", "ushort", size),
    lanewise("round_half", "float", "float", size),
  ]),
];

export const halfHelpers = {
  pack2x16float: `${inline} uint pack2x16float(floatx2 v) { return to_half_float(v.e[0]) | (uint)to_half_float(v.e[1]) << 16; }`,
  unpack2x16float: `${inline} floatx2 unpack2x16float(uint u) { return floatx2(from_half_float((ushort)u), from_half_float((ushort)(u >> 16))); }`,
  quantize: `${inline} float quantize(float x) { return from_half_float(to_half_float(x)); }`,
};
