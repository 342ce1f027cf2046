import type { DType } from "../../core/dtype.ts";
import { AikoError } from "../../errors.ts";
import { binary } from "../../expression/index.ts";
import type { RunOptions, Runtime } from "../../runtime/index.ts";
import { evaluated } from "../evaluate.ts";
import { toMatrix } from "../input.ts";
import { elementwiseOf, viewOf } from "../lazy.ts";
import { type AnyMatrix, Matrix, type MatrixInput } from "../matrix.ts";
import { multiply } from "../multiply.ts";
import { denseStorageOf } from "../node.ts";
import { reshaped } from "../view.ts";
import { type Contraction, planContractions } from "./plan.ts";
import { parseSubscripts, type Subscripts } from "./subscripts.ts";

/** A matrix with one axis for each of its indices. */
interface Operand {
  readonly matrix: AnyMatrix;
  readonly indices: readonly string[];
}

interface Call {
  readonly runtime: Runtime;
  readonly options: RunOptions;
  readonly sizes: ReadonlyMap<string, number>;
}

/**
 * Einstein's sum convention in NumPy's notation: `"ij,jk->ik"`, `"ii"`, `"...ij->...ji"`; any number of operands. An index
 * twice in one operand takes the diagonal, indices that are not in the result are summed over, without "->" the result has
 * those that occur once, in alphabetical order. Products are matrix products in f32, two operands at a time, in an order that
 * keeps what is stored small. One operand that is only rearranged may have any element type and stays lazy, a view. A report is
 * that of the last product. Rejects with INVALID_ARGUMENT naming the subscript that is wrong.
 */
export async function einsum(
  runtime: Runtime,
  subscripts: string,
  operands: readonly MatrixInput[],
  options: RunOptions = {},
): Promise<Matrix> {
  if (!Array.isArray(operands) || operands.length === 0) {
    throw new AikoError("INVALID_ARGUMENT", { message: `einsum "${subscripts}": there are no operands` });
  }
  const matrices = operands.map((operand, at) => matrixOf(subscripts, operand, at));
  const parsed = parseSubscripts(
    subscripts,
    matrices.map(({ shape }) => shape),
  );
  const isRearranged = matrices.length === 1 && new Set(parsed.operands[0]).size === parsed.output.length;
  if (!isRearranged) assertFloats(subscripts, matrices);
  const call: Call = { runtime, options, sizes: parsed.sizes };
  const rest: Operand[] = matrices.map((matrix, at) => operandOf(call, matrix, parsed.operands[at] ?? []));
  for (const [at, operand] of rest.entries())
    rest[at] = await sumLonely(call, operand, neededBesides(parsed, at));
  const contractions = planContractions({ ...parsed, operands: rest.map(({ indices }) => indices) });
  for (const step of contractions) {
    const [right] = rest.splice(step.right, 1);
    const [left] = rest.splice(step.left, 1);
    if (left !== undefined && right !== undefined) rest.push(await contract(call, left, right, step));
  }
  const [last] = rest as [Operand];
  using view = spread(call, last, parsed.output);
  last.matrix.dispose();
  if (!isRearranged) await evaluated(runtime, view, options);
  return new Matrix(view.usableNode(), view.shape, view.report ?? last.matrix.report) as AnyMatrix as Matrix;
}

function matrixOf(subscripts: string, operand: MatrixInput, at: number): AnyMatrix {
  const hint = "Pass the operands as an array: einsum(subscripts, [a, b]).";
  return toMatrix(operand, `einsum "${subscripts}": operand ${at}`, hint);
}

function assertFloats(subscripts: string, matrices: readonly AnyMatrix[]): void {
  for (const [at, { dtype }] of matrices.entries()) {
    if (dtype === "f32") continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `einsum "${subscripts}": operand ${at} holds ${dtype}; products and sums are computed in f32`,
      hint: 'Cast it first: gpu.matrix.cast(matrix, "f32").',
    });
  }
}

function neededBesides({ operands, output }: Subscripts, at: number): ReadonlySet<string> {
  return new Set([...output, ...operands.filter((_, other) => other !== at).flat()]);
}

const sizeOf = ({ sizes }: Call, indices: readonly string[]) =>
  indices.reduce((count, index) => count * (sizes.get(index) ?? 1), 1);

/** A view with one axis an index: those that occur twice step along the diagonal, axes of size 1 are repeated. */
function operandOf(call: Call, matrix: AnyMatrix, named: readonly string[]): Operand {
  const indices = [...new Set(named)];
  const repeats = named.map((index, axis) => matrix.shape[axis] === 1 && call.sizes.get(index) !== 1);
  const view = viewOf<DType>(call.runtime, matrix, {
    shape: indices.map((index) => call.sizes.get(index) ?? 1),
    apply: ({ strides, offset }) => ({
      strides: indices.map((index) =>
        named.reduce(
          (sum, other, axis) => (other === index && !repeats[axis] ? sum + (strides[axis] ?? 0) : sum),
          0,
        ),
      ),
      offset,
    }),
  });
  return { matrix: view, indices };
}

/** The operand with these axes in this order, repeated along those that it does not have. */
function spread(
  { runtime, sizes }: Call,
  { matrix, indices }: Operand,
  wanted: readonly string[],
): AnyMatrix {
  const axes = wanted.map((index) => indices.indexOf(index));
  return viewOf<DType>(runtime, matrix, {
    shape: wanted.map((index) => sizes.get(index) ?? 1),
    apply: ({ strides, offset }) => ({ strides: axes.map((axis) => strides[axis] ?? 0), offset }),
  });
}

/** The operand with one axis for each group of indices. */
function grouped(call: Call, operand: Operand, groups: readonly (readonly string[])[]): Matrix {
  using ordered = spread(call, operand, groups.flat());
  const view = reshaped(
    ordered.shape,
    groups.map((group) => sizeOf(call, group)),
  );
  return viewOf(call.runtime, ordered, view) as AnyMatrix as Matrix;
}

/** The operand summed over the indices that only it has and nobody needs: one after the other, times a column of ones. */
async function sumLonely(call: Call, operand: Operand, needed: ReadonlySet<string>): Promise<Operand> {
  let sums = operand;
  for (const index of [...operand.indices].reverse()) {
    if (needed.has(index)) continue;
    const kept = sums.indices.filter((other) => other !== index);
    const count = sizeOf(call, [index]);
    using terms = grouped(call, sums, [kept, [index]]);
    using ones = Matrix.from(new Float32Array(count).fill(1), [count, 1]);
    sums.matrix.dispose();
    sums = named(call, await multiply(call.runtime, terms, ones, call.options), kept);
  }
  return sums;
}

/** A result just made, with one axis an index. */
function named(call: Call, result: Matrix, indices: readonly string[]): Operand {
  const { runtime, sizes } = call;
  const view = reshaped(
    result.shape,
    indices.map((index) => sizes.get(index) ?? 1),
  );
  using flat = result;
  using shaped = viewOf(runtime, flat, view);
  return { matrix: new Matrix(shaped.usableNode(), view.shape, result.report), indices };
}

async function contract(call: Call, left: Operand, right: Operand, step: Contraction): Promise<Operand> {
  const { shared, ofLeft, ofRight, summed } = step;
  const indices = [...shared, ...ofLeft, ...ofRight];
  try {
    if (summed.length === 0) return elementProducts(call, left, right, indices);
    if (sizeOf(call, [...ofLeft, ...ofRight]) === 1 && sizeOf(call, shared) > 1) {
      // Products of one row by one column each would leave most of every tile empty.
      const terms = elementProducts(call, left, right, [...indices, ...summed]);
      return await sumLonely(call, terms, new Set(indices));
    }
    return await matrixProduct(call, left, right, step);
  } finally {
    left.matrix.dispose();
    right.matrix.dispose();
  }
}

/** Lazy, so that what is done with them joins them in one kernel. */
function elementProducts(call: Call, left: Operand, right: Operand, indices: readonly string[]): Operand {
  using a = spread(call, left, indices);
  using b = spread(call, right, indices);
  const matrix = elementwiseOf(call.runtime, "einsum", [a, b], {
    build: ([x, y]) => binary("multiply", x as Factor, y as Factor),
  });
  return { matrix, indices };
}

type Factor = Parameters<typeof binary>[1];

async function matrixProduct(
  call: Call,
  left: Operand,
  right: Operand,
  { shared, ofLeft, ofRight, summed }: Contraction,
): Promise<Operand> {
  using turnedA = grouped(call, left, [shared, summed, ofLeft]);
  using turnedB = grouped(call, right, [shared, ofRight, summed]);
  using straightA = grouped(call, left, [shared, ofLeft, summed]);
  using straightB = grouped(call, right, [shared, summed, ofRight]);
  const [transposeA, transposeB] = [isReady(turnedA), isReady(turnedB)];
  const a = transposeA ? turnedA : straightA;
  const b = transposeB ? turnedB : straightB;
  const product = await multiply(call.runtime, a, b, { ...call.options, transposeA, transposeB });
  return named(call, product, [...shared, ...ofLeft, ...ofRight]);
}

/** Whether the numbers lie in memory in this order already. */
function isReady(matrix: Matrix): boolean {
  return denseStorageOf(matrix.usableNode()) !== undefined;
}
