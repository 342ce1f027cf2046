import { forBothWidths } from "./wgsl-widths.ts";

/**
 * WGSL functions `exp_down` and `exp_down4`: e^x for x up to 0, off by less than 2 units in the last place; below -87.3, 0.
 * NaN stays NaN. Written out because compilers of CPU devices vectorise it, which they do not do with their own.
 */
export const expText = forBothWidths(`fn exp_down$n(x: $(f32)) -> $(f32) {
  let n = floor(x * 1.44269504 + 0.5);
  let r = (x - n * 0.693359375) + n * 2.12194440e-4;
  let high = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)));
  let e = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * high)));
  let power = bitcast<$(f32)>(bitcast<$(u32)>(n + 12583039.0) << $(u32)(23u));
  return select(e * power, $(f32)(0.0), x < $(f32)(-87.3));
}
`);
