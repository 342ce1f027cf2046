const lanes = ["", "2", "3", "4", "8", "16"];

/** What f16 needs on every device, those without cl_khr_fp16 included. */
export const halfFunctions: readonly string[] = lanes.flatMap((n) => [
  `static inline float${n} from_half_float${n}(ushort${n} h) { return vload_half${n}(0, (half*)&h); }`,
  `static inline ushort${n} to_half_float${n}(float${n} x) { ushort${n} h; vstore_half${n}_rte(x, 0, (half*)&h); return h; }`,
  `static inline float${n} round_half_float${n}(float${n} x) { return from_half_float${n}(to_half_float${n}(x)); }`,
]);

export const halfHelpers = {
  pack2x16float:
    "static inline uint pack2x16float(float2 v) { ushort h[2]; vstore_half_rte(v.s0, 0, (half*)h); vstore_half_rte(v.s1, 1, (half*)h); return (uint)h[0] | ((uint)h[1] << 16); }",
  unpack2x16float:
    "static inline float2 unpack2x16float(uint u) { ushort h[2] = { (ushort)u, (ushort)(u >> 16) }; return (float2)(vload_half(0, (half*)h), vload_half(1, (half*)h)); }",
  quantize:
    "static inline float quantize(float x) { ushort h; vstore_half_rte(x, 0, (half*)&h); return vload_half(0, (half*)&h); }",
};
