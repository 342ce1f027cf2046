import type { Gpu } from "../index.ts";
import type { AnyMatrix, Matrix } from "../matrix/index.ts";
import type { RunOptions } from "../runtime/index.ts";

type Family = Gpu["matrix"];

/** What the command line said besides the files. */
export interface VerbOptions extends RunOptions {
  readonly axis: readonly number[] | undefined;
  readonly keepDims: boolean;
  readonly descending: boolean;
  readonly k: number | undefined;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** One result, or several by name. */
export type VerbResult = AnyMatrix | Readonly<Record<string, AnyMatrix>>;

export interface Verb {
  /** Names of the files it takes. */
  readonly takes: readonly string[];
  readonly does: string;
  /** Of the options above, those that it understands. */
  readonly options: readonly (keyof VerbOptions)[];
  /** Takes numbers in the type that their file has, not as f32. */
  readonly stored?: boolean;
  run(family: Family, files: readonly Matrix[], options: VerbOptions): Promise<VerbResult>;
}

type Files<Count extends 1 | 2> = Count extends 1 ? [Matrix] : [Matrix, Matrix];

const one = (
  does: string,
  options: readonly (keyof VerbOptions)[],
  run: (family: Family, [x]: Files<1>, options: VerbOptions) => Promise<VerbResult>,
): Verb => ({ takes: ["A"], does, options, run: run as Verb["run"] });

const two = (
  does: string,
  options: readonly (keyof VerbOptions)[],
  run: (family: Family, [a, b]: Files<2>, options: VerbOptions) => Promise<VerbResult>,
): Verb => ({ takes: ["A", "B"], does, options, run: run as Verb["run"] });

const reduction = (name: "sum" | "product" | "mean" | "min" | "max" | "std" | "norm", does: string): Verb =>
  one(does, ["axis", "keepDims"], (family, [x], options) => family[name](x, options));

const arithmetic = (name: "add" | "sub" | "mul" | "div" | "pow", does: string): Verb =>
  two(does, [], (family, [a, b], options) => family.evaluate(family[name](a, b), options));

const elementwise = (
  name: "abs" | "exp" | "log" | "sqrt" | "relu" | "sigmoid" | "tanh",
  does: string,
): Verb => one(does, [], (family, [x], options) => family.evaluate(family[name](x), options));

/** `last` where none is given. */
const single = ({ axis, ...options }: VerbOptions, last = -1) => ({ ...options, axis: axis?.[0] ?? last });

/** The operations of `aikoryu matrix`, by the names of `gpu.matrix`. */
export const verbs: Readonly<Record<string, Verb>> = {
  multiply: two("matrix product", ["transposeA", "transposeB"], (family, [a, b], options) =>
    family.multiply(a, b, options),
  ),
  add: arithmetic("add", "A + B, broadcast"),
  sub: arithmetic("sub", "A - B, broadcast"),
  mul: arithmetic("mul", "A * B, number by number"),
  div: arithmetic("div", "A / B, number by number"),
  pow: arithmetic("pow", "A to the power of B"),
  abs: elementwise("abs", "absolute values"),
  exp: elementwise("exp", "powers of e"),
  log: elementwise("log", "natural logarithms"),
  sqrt: elementwise("sqrt", "square roots"),
  relu: elementwise("relu", "0 for what is negative"),
  sigmoid: elementwise("sigmoid", "1 / (1 + exp(-A))"),
  tanh: elementwise("tanh", "hyperbolic tangents"),
  sum: reduction("sum", "sums along axes"),
  product: reduction("product", "products along axes"),
  mean: reduction("mean", "means along axes"),
  min: reduction("min", "smallest along axes"),
  max: reduction("max", "largest along axes"),
  std: reduction("std", "standard deviations along axes"),
  norm: reduction("norm", "Euclidean norms along axes"),
  argMin: one("where the smallest are", ["axis"], (family, [x], options) =>
    family.argMin(x, single(options)),
  ),
  argMax: one("where the largest are", ["axis"], (family, [x], options) => family.argMax(x, single(options))),
  softmax: one("softmax along an axis", ["axis"], (family, [x], options) =>
    family.softmax(x, single(options)),
  ),
  cumulativeSum: one("running sums along an axis", ["axis"], (family, [x], options) =>
    family.cumulativeSum(x, single(options)),
  ),
  sort: one("sorted along an axis", ["axis", "descending"], (family, [x], options) =>
    family.sort(x, single(options)),
  ),
  argSort: one("the order that sorts along an axis", ["axis", "descending"], (family, [x], options) =>
    family.argSort(x, single(options)),
  ),
  topK: one("the k largest along an axis", ["axis", "k"], async (family, [x], options) => {
    const { values, indices } = await family.topK(x, options.k ?? 1, single(options));
    return { values, indices };
  }),
  transpose: one("rows and columns exchanged", [], (family, [x], options) =>
    family.evaluate(family.transpose(x), options),
  ),
  solve: two("x such that A x = B", [], (family, [a, b], options) => family.solve(a, b, options)),
  inverse: one("the inverse", [], (family, [a], options) => family.inverse(a, options)),
  determinant: one("the determinant", [], (family, [a], options) => family.determinant(a, options)),
  cholesky: one("lower triangle L with L L' = A", [], (family, [a], options) => family.cholesky(a, options)),
  lu: one("l, u and p", [], async (family, [a], options) => ({ ...(await family.lu(a, options)) })),
  qr: one("q and r", [], async (family, [a], options) => {
    const { q, r } = await family.qr(a, options);
    return { ...(q && { q }), r };
  }),
  eigh: one("values and vectors of a symmetric A", [], async (family, [a], options) => {
    const { values, vectors } = await family.eigh(a, options);
    return vectors === undefined ? { values } : { values, vectors };
  }),
  svd: one("u, s and vt", [], async (family, [a], options) => {
    const { u, s, vt } = await family.svd(a, options);
    return { ...(u && { u }), s, ...(vt && { vt }) };
  }),
  fft: one("Fourier transform of pairs (real, imaginary)", [], (family, [x], { axis, ...options }) =>
    family.fft(x, options),
  ),
  ifft: one("its inverse", [], (family, [x], { axis, ...options }) => family.ifft(x, options)),
  convert: {
    ...one("the same numbers, in another file format", [], async (_, [x]) => x),
    stored: true,
  },
};
