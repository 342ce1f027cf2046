/**
 * A WGSL function `name(base, n, p)`: the sum of `term`s of `x` and `p` over a run of `array` in f32, as a thread of a CPU
 * device does it best. Sixteen lanes, folded after 128 values each.
 */
export function rowSumText(name: string, array: string, term: (x: string, p: string) => string): string {
  const lane = (at: number) => {
    const load = [0, 1, 2, 3].map((k) => `${array}[at + ${at + k}u]`).join(", ");
    return term(`vec4(${load})`, "p4");
  };
  return `fn ${name}(base: u32, n: u32, p: f32) -> f32 {
  let p4 = vec4(p);
  let last = base + n;
  var total = 0.0;
  var at = base;
  loop {
    let whole = min((last - at) / 16u, 128u) * 16u;
    if (whole == 0u) { break; }
    let end = at + whole;
    var a = vec4<f32>();
    var b = vec4<f32>();
    var c = vec4<f32>();
    var d = vec4<f32>();
    for (; at < end; at += 16u) {
      a += ${lane(0)};
      b += ${lane(4)};
      c += ${lane(8)};
      d += ${lane(12)};
    }
    let e = (a + b) + (c + d);
    total += (e.x + e.y) + (e.z + e.w);
  }
  for (; at < last; at++) {
    total += ${term(`${array}[at]`, "p")};
  }
  return total;
}
`;
}
