import { AikoError } from "../../errors.ts";
import type { StorageType } from "./types.ts";

interface Definition {
  text(type: StorageType): string;
}

const nanText = (type: StorageType, value: string) =>
  type === "f64"
    ? `((bitcast<u64>(${value}) & 0x7ffffffffffffffflu) > 0x7ff0000000000000lu)`
    : `((bitcast<u32>(${value}) & 0x7fffffffu) > 0x7f800000u)`;

const extreme = (name: string, compare: string): Definition => ({
  text: (t) => `fn ${name}_${t}(a: ${t}, b: ${t}) -> ${t} {
  return select(select(b, a, a ${compare} b), a + b, ${nanText(t, "a")} || ${nanText(t, "b")});
}`,
});

const definitions: Readonly<Record<string, Definition>> = {
  least: extreme("least", "<"),
  greatest: extreme("greatest", ">"),
  is_nan: { text: (t) => `fn is_nan_${t}(x: ${t}) -> bool { return ${nanText(t, "x")}; }` },
  is_infinite: {
    text: (t) =>
      t === "f64"
        ? `fn is_infinite_f64(x: f64) -> bool { return (bitcast<u64>(x) & 0x7ffffffffffffffflu) == 0x7ff0000000000000lu; }`
        : `fn is_infinite_f32(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }`,
  },
  sign_of: {
    text: (t) => `fn sign_of_${t}(x: ${t}) -> ${t} { return select(sign(x), x, ${nanText(t, "x")}); }`,
  },
  floor_mod: {
    text: (t) => `fn floor_mod_${t}(a: ${t}, b: ${t}) -> ${t} {
  let rest = a % b;
  return select(rest, rest + b, rest != ${t}(0) && (rest < ${t}(0)) != (b < ${t}(0)));
}`,
  },
  sigmoid: { text: (t) => `fn sigmoid_${t}(x: ${t}) -> ${t} { return ${t}(1.0) / (${t}(1.0) + exp(-x)); }` },
  // log(1 + small) by the series of atanh: devices are allowed a logarithm that is poor near 1.
  softplus: {
    text: (t) => `fn softplus_${t}(x: ${t}) -> ${t} {
  let small = exp(-abs(x));
  let z = small / (${t}(2.0) + small);
  let s = z * z;
  let series = ${t}(2.0) * z * (${t}(1.0) + s * (${t}(1.0) / ${t}(3.0) + s * (${t}(0.2) + s * (${t}(1.0) / ${t}(7.0) + s / ${t}(9.0)))));
  let tail = ${t === "f64" ? `select(log(1.0lf + small), series, small < 0.01lf)` : "series"};
  return select(tail, x + tail, x > ${t}(0.0));
}`,
  },
  expm1: {
    text: (t) => `fn expm1_${t}(x: ${t}) -> ${t} {
  let near = x * (${t}(1.0) + x * (${t}(0.5) + x * (${t}(1.0) / ${t}(6.0) + x * (${t}(1.0) / ${t}(24.0) + x / ${t}(120.0)))));
  return select(exp(x) - ${t}(1.0), near, abs(x) < ${t}(${t === "f64" ? "0.003" : "0.06"}));
}`,
  },
  // Near 0 the textbook forms cancel: a few terms of the series there.
  sinh_of: {
    text: (t) => `fn sinh_of_${t}(x: ${t}) -> ${t} {
  let s = x * x;
  let near = x * (${t}(1.0) + s / ${t}(6.0) * (${t}(1.0) + s / ${t}(20.0) * (${t}(1.0) + s / ${t}(42.0))));
  return select(sinh(x), near, abs(x) < ${t}(${t === "f64" ? "0.01" : "0.3"}));
}`,
  },
  tanh_of: {
    text: (t) => `fn tanh_of_${t}(x: ${t}) -> ${t} {
  let s = x * x;
  let near = x * (${t}(1.0) - s * (${t}(1.0) / ${t}(3.0) - s * (${t}(2.0) / ${t}(15.0) - s * ${t}(17.0) / ${t}(315.0))));
  let far = select(${t}(-1.0), ${t}(1.0), x > ${t}(0.0));
  return select(select(tanh(x), near, abs(x) < ${t}(${t === "f64" ? "0.001" : "0.1"})), far, abs(x) > ${t}(20.0));
}`,
  },
  asinh_of: {
    text: (t) => `fn asinh_of_${t}(x: ${t}) -> ${t} {
  let a = abs(x);
  let s = a * a;
  let near = a * (${t}(1.0) - s / ${t}(6.0) * (${t}(1.0) - s * ${t}(0.45)));
  let far = log(a + sqrt(s + ${t}(1.0)));
  let huge = log(a) + ${t}(0.6931471805599453);
  let value = select(select(far, huge, a > ${t}(1e9)), near, a < ${t}(${t === "f64" ? "0.001" : "0.1"}));
  return select(value, -value, x < ${t}(0.0));
}`,
  },
  atanh_of: {
    text: (t) => `fn atanh_of_${t}(x: ${t}) -> ${t} {
  let s = x * x;
  let near = x * (${t}(1.0) + s * (${t}(1.0) / ${t}(3.0) + s * (${t}(0.2) + s / ${t}(7.0))));
  let far = ${t}(0.5) * log((${t}(1.0) + x) / (${t}(1.0) - x));
  return select(far, near, abs(x) < ${t}(${t === "f64" ? "0.001" : "0.1"}));
}`,
  },
  // f32: the rational approximation of Eigen's generic_fast_erf, which calls no other function. f64: the series without
  // alternating signs.
  erf: {
    text: (t) =>
      t === "f64"
        ? `fn erf_f64(x: f64) -> f64 {
  let a = abs(x);
  if (a > 6.0lf) { return sign(x); }
  var term = a;
  var sum = a;
  for (var n = 1u; n < 120u; n++) {
    term = term * 2.0lf * a * a / f64(2u * n + 1u);
    sum = sum + term;
  }
  let value = 1.1283791670955126lf * exp(-a * a) * sum;
  return select(value, -value, x < 0.0lf);
}`
        : `fn erf_f32(value: f32) -> f32 {
  let x = clamp(value, -4.0, 4.0);
  let s = x * x;
  let above = (((((-2.72614225801306e-10 * s + 2.77068142495902e-8) * s - 2.10102402082508e-6) * s - 5.69250639462346e-5) * s
    - 7.34990630326855e-4) * s - 2.95459980854025e-3) * s - 1.60960333262415e-2;
  let below = (((-1.45660718464996e-5 * s - 2.13374055278905e-4) * s - 1.68282697438203e-3) * s - 7.37332916720468e-3) * s
    - 1.42647390514189e-2;
  return select(x * above / below, value, ${nanText("f32", "value")});
}`,
  },
  power: {
    text: (t) => `fn power_${t}(x: ${t}, y: ${t}) -> ${t} {
  if (y == ${t}(0.0)) { return ${t}(1.0); }
  if (x >= ${t}(0.0) || y != trunc(y)) { return pow(x, y); }
  let size = pow(-x, y);
  let half = y * ${t}(0.5);
  return select(size, -size, half != trunc(half));
}`,
  },
  integer_power: {
    text: (t) => {
      const negative = t.startsWith("i")
        ? `  if (y < ${t}(0)) {
    if (x == ${t}(1)) { return x; }
    if (x == ${t}(-1)) { return select(x, ${t}(1), (y & ${t}(1)) == ${t}(0)); }
    return ${t}(0);
  }
`
        : "";
      return `fn integer_power_${t}(x: ${t}, y: ${t}) -> ${t} {
${negative}  var result = ${t}(1);
  var base = x;
  var rest = y;
  for (var bit = 0u; bit < 64u && rest != ${t}(0); bit++) {
    if ((rest & ${t}(1)) != ${t}(0)) { result = result * base; }
    base = base * base;
    rest = rest >> 1u;
  }
  return result;
}`;
    },
  },
  // To nearest, ties to even, infinite where too large: by the bits, because quantizeToF16 leaves overflow open.
  to_f16: {
    text: () => `fn to_f16_f32(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) { return x; }
  let sign = bits & 0x80000000u;
  if (size >= 0x477ff000u) { return bitcast<f32>(sign | 0x7f800000u); }
  if (size < 0x38800000u) {
    let units = round(abs(x) * 16777216.0);
    return bitcast<f32>(sign | bitcast<u32>(units / 16777216.0));
  }
  let rounded = (size + 0xfffu + ((size >> 13u) & 1u)) & 0xffffe000u;
  return bitcast<f32>(sign | rounded);
}`,
  },
  to_bf16: {
    text: () => `fn to_bf16_f32(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return x; }
  return bitcast<f32>((bits + 0x7fffu + ((bits >> 16u) & 1u)) & 0xffff0000u);
}`,
  },
  // Rounded to odd, so that rounding once more to a half rounds as if from the f64.
  narrow_odd: {
    text: () => `fn narrow_odd_f64(x: f64) -> f32 {
  let near = f32(x);
  let back = f64(near);
  let bits = bitcast<u32>(near);
  if (back == x || (bits & 0x7f800000u) == 0x7f800000u || (bits & 1u) == 1u) { return near; }
  let away = (abs(back) < abs(x));
  return bitcast<f32>(select(bits - 1u, bits + 1u, away));
}`,
  },
};

/** A function's text, and those of what it calls, by full name. */
export function helperText(name: string, type: StorageType): ReadonlyMap<string, string> {
  const definition = definitions[name];
  if (definition === undefined)
    throw new AikoError("INTERNAL", { message: `There is no scalar function '${name}'` });
  return new Map([[`${name}_${type}`, definition.text(type)]]);
}
