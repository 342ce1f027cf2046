import { type Definition, inline } from "./definition.ts";
import { vectorNames } from "./vectors.ts";

/** Overloads for float, double and, lane by lane, their vectors. */
function overloads(name: string, parameters: number, body: (suffix: string) => string): Definition[] {
  const names = ["a", "b", "c"].slice(0, parameters);
  const list = (type: string) => names.map((parameter) => `${type} ${parameter}`).join(", ");
  return [
    { name, text: `${inline} float ${name}(${list("float")}) { ${body("f")} }` },
    {
      name,
      text: `${inline} double ${name}(${list("double")}) { ${body("")} }`,
      among: ["double"],
    },
    lanewise(name, parameters),
  ];
}

function lanewise(name: string, parameters: number): Definition {
  const names = ["a", "b", "c"].slice(0, parameters);
  const list = names.map((parameter) => `vec<T, N> ${parameter}`).join(", ");
  const args = names.map((parameter) => `${parameter}.e[i]`).join(", ");
  return {
    name,
    text: `template <class T, int N> ${inline} vec<T, N> ${name}(${list}) { for (int i = 0; i < N; i++) a.e[i] = ${name}(${args}); return a; }`,
    among: vectorNames,
  };
}

function scalar(name: string, text: string): Definition[] {
  return [{ name, text }, lanewise(name, 1)];
}

const unary =
  "acos acosh asin asinh atan atanh ceil cos cosh exp exp2 fabs floor log log2 rint sin sinh sqrt tan tanh trunc";

/** A second argument that is a scalar goes with every lane of a vector. */
const withScalar = (name: string): Definition => ({
  name,
  text: `template <class T, int N> ${inline} vec<T, N> ${name}(vec<T, N> a, T b) { return ${name}(a, vec<T, N>(b)); }`,
  among: vectorNames,
});

export const math: readonly Definition[] = [
  ...unary.split(" ").flatMap((name) => overloads(name, 1, (suffix) => `return ::${name}${suffix}(a);`)),
  ...["fmin", "fmax", "atan2", "pow"].flatMap((name) =>
    overloads(name, 2, (suffix) => `return ::${name}${suffix}(a, b);`),
  ),
  withScalar("fmin"),
  withScalar("fmax"),
  ...overloads("fma", 3, (suffix) => `return ::fma${suffix}(a, b, c);`),
  ...overloads(
    "rsqrt",
    1,
    (suffix) =>
      `\n#ifdef __CUDA_ARCH__\n  return ::rsqrt${suffix}(a);\n#else\n  return 1 / ::sqrt${suffix}(a);\n#endif\n`,
  ),
  ...overloads("degrees", 1, (suffix) => `return a * 57.295779513082320877${suffix};`),
  ...overloads("radians", 1, (suffix) => `return a * 0.017453292519943295769${suffix};`),
  ...overloads("sign", 1, () => "return a > 0 ? 1 : a < 0 ? -1 : 0 * a;"),
  ...overloads("step", 2, () => "return b < a ? 0 : 1;"),
  {
    name: "dot",
    text: `template <class T, int N> ${inline} T dot(vec<T, N> a, vec<T, N> b) { T r = a.e[0] * b.e[0]; for (int i = 1; i < N; i++) r += a.e[i] * b.e[i]; return r; }`,
  },
  {
    name: "length",
    text: `template <class T, int N> ${inline} T length(vec<T, N> a) { return sqrt(dot(a, a)); }`,
    among: vectorNames,
  },
  { name: "length", text: `template <class T> ${inline} T length(T a) { return fabs(a); }` },
  {
    name: "distance",
    text: `template <class T> ${inline} auto distance(T a, T b) { return length(a - b); }`,
  },
  {
    name: "normalize",
    text: `template <class T, int N> ${inline} vec<T, N> normalize(vec<T, N> a) { return a / length(a); }`,
  },
  {
    name: "cross",
    text: `template <class T> ${inline} vec<T, 3> cross(vec<T, 3> a, vec<T, 3> b) { return vec<T, 3>(a.e[1] * b.e[2] - a.e[2] * b.e[1], a.e[2] * b.e[0] - a.e[0] * b.e[2], a.e[0] * b.e[1] - a.e[1] * b.e[0]); }`,
  },
  ...withPointer("ldexp", "int", "b", ["ldexpf", "ldexp"]),
  ...withPointer("frexp", "int*", "b", ["frexpf", "frexp"]),
  ...withPointer("modf", "T*", "b", ["modff", "modf"]),
];

/** Functions whose second argument is an exponent, or where a second result goes. */
function withPointer(
  name: string,
  second: string,
  argument: string,
  [single, double]: readonly [string, string],
): Definition[] {
  const vector = second.replace("int", "vec<int, N>").replace("T", "vec<T, N>");
  const part = second.endsWith("*") ? `&${argument}->e[i]` : `${argument}.e[i]`;
  return [
    {
      name,
      text: `${inline} float ${name}(float a, ${second.replace("T", "float")} b) { return ::${single}(a, b); }`,
    },
    {
      name,
      text: `${inline} double ${name}(double a, ${second.replace("T", "double")} b) { return ::${double}(a, b); }`,
      among: ["double"],
    },
    {
      name,
      text: `template <class T, int N> ${inline} vec<T, N> ${name}(vec<T, N> a, ${vector} b) { for (int i = 0; i < N; i++) a.e[i] = ${name}(a.e[i], ${part}); return a; }`,
      among: vectorNames,
    },
  ];
}

export const integers: readonly Definition[] = [
  ...["min", "max"].flatMap((name) => [
    {
      name,
      text: `template <class T> ${inline} T ${name}(T a, T b) { return b ${name === "min" ? "<" : ">"} a ? b : a; }`,
    },
    lanewise(name, 2),
  ]),
  {
    name: "convert_sat",
    text: `template <class To, class T, int N> ${inline} To convert_sat(vec<T, N> x) { for (int i = 0; i < N; i++) x.e[i] = T(-1) < T(0) ? min(max(x.e[i], T(-128)), T(127)) : min(x.e[i], T(255)); return To(x); }`,
  },
  ...scalar(
    "popcount",
    `template <class T> ${inline} T popcount(T a) { return sizeof(T) == 8 ? __popcll((unsigned long long)a) : __popc((unsigned int)a); }`,
  ),
  ...scalar(
    "clz",
    `template <class T> ${inline} T clz(T a) { return sizeof(T) == 8 ? __clzll((long long)a) : __clz((int)a); }`,
  ),
];
