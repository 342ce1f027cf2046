import { elementCount } from "../../core/shape.ts";
import { denseStrides } from "../../core/strides.ts";
import { AikoError } from "../../errors.ts";
import type { RunOptions, Runtime } from "../../runtime/index.ts";
import { evaluated } from "../evaluate.ts";
import { type AnyMatrix, Matrix, type MatrixInput } from "../matrix.ts";
import { multiply } from "../multiply.ts";
import { arrange, isDense, products } from "./arrange.ts";
import { type Contraction, planContractions } from "./plan.ts";
import { parseSubscripts, type Subscripts } from "./subscripts.ts";

/** Dense numbers, and how each index steps through them. */
interface Operand {
  readonly matrix: AnyMatrix;
  readonly steps: ReadonlyMap<string, number>;
  /** Made here, so that it can go when it is used up. */
  readonly owned: boolean;
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
 * keeps what is stored small; one operand that is only rearranged may have any element type. Rejects with
 * INVALID_ARGUMENT naming the subscript that is wrong.
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
  assertTypes(subscripts, matrices, parsed);
  const call: Call = { runtime, options, sizes: parsed.sizes };
  const rest: Operand[] = [];
  try {
    for (const [at, matrix] of matrices.entries()) {
      const storage = await evaluated(runtime, matrix, options);
      const source = new Matrix(storage, matrix.shape);
      const operand = operandOf(source, parsed.operands[at] ?? [], parsed.sizes);
      rest.push(await sumLonely(call, operand, neededBesides(parsed, at)));
    }
    for (const step of planContractions(parsedAfter(parsed, rest))) {
      const [right] = rest.splice(step.right, 1);
      const [left] = rest.splice(step.left, 1);
      if (left === undefined || right === undefined) break;
      rest.push(await contract(call, left, right, step));
    }
    const [last] = rest.splice(0, 1);
    return (await finished(call, last as Operand, parsed.output)) as Matrix;
  } finally {
    for (const operand of rest) release(operand);
  }
}

function matrixOf(subscripts: string, operand: MatrixInput, at: number): AnyMatrix {
  if (operand instanceof Matrix) return operand;
  if (Array.isArray(operand)) return Matrix.from(operand);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `einsum "${subscripts}": operand ${at} is ${operand === null ? "null" : typeof operand}, not a matrix`,
    hint: "Pass the operands as an array: einsum(subscripts, [a, b]).",
  });
}

function assertTypes(subscripts: string, matrices: readonly AnyMatrix[], { operands, output }: Subscripts) {
  const isRearranged = matrices.length === 1 && new Set(operands[0]).size === output.length;
  for (const [at, { dtype }] of matrices.entries()) {
    if (dtype === "f32" || isRearranged) continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `einsum "${subscripts}": operand ${at} holds ${dtype}; products and sums are computed in f32`,
      hint: "Convert it to f32 first.",
    });
  }
}

function operandOf(
  matrix: AnyMatrix,
  indices: readonly string[],
  sizes: ReadonlyMap<string, number>,
): Operand {
  const strides = denseStrides(matrix.shape);
  const steps = new Map<string, number>();
  for (const [axis, index] of indices.entries()) {
    const repeats = matrix.shape[axis] === 1 && sizes.get(index) !== 1;
    steps.set(index, (steps.get(index) ?? 0) + (repeats ? 0 : (strides[axis] ?? 0)));
  }
  return { matrix, steps, owned: false };
}

function neededBesides({ operands, output }: Subscripts, at: number): ReadonlySet<string> {
  return new Set([...output, ...operands.filter((_, other) => other !== at).flat()]);
}

function parsedAfter(parsed: Subscripts, rest: readonly Operand[]): Subscripts {
  return { ...parsed, operands: rest.map(({ steps }) => [...steps.keys()]) };
}

const sizeOf = ({ sizes }: Call, indices: readonly string[]) =>
  indices.reduce((count, index) => count * (sizes.get(index) ?? 1), 1);

const sizesOf = ({ sizes }: Call, indices: readonly string[]) =>
  indices.map((index) => sizes.get(index) ?? 1);

const stepsOf = ({ steps }: Operand, indices: readonly string[]) =>
  indices.map((index) => steps.get(index) ?? 0);

function release({ matrix, owned }: Operand): void {
  if (owned) matrix.dispose();
}

/** The operand summed over the indices that only it has and nobody needs: one after the other, times a column of ones. */
async function sumLonely(call: Call, operand: Operand, needed: ReadonlySet<string>): Promise<Operand> {
  let sums = operand;
  for (const index of [...operand.steps.keys()].reverse()) {
    if (needed.has(index)) continue;
    const before = sums;
    sums = await sumOver(call, before, index);
    if (before !== operand) release(before);
  }
  return sums;
}

async function sumOver(call: Call, operand: Operand, index: string): Promise<Operand> {
  const kept = [...operand.steps.keys()].filter((other) => other !== index);
  const [rows, count] = [sizeOf(call, kept), sizeOf(call, [index])];
  const ones = Matrix.from(new Float32Array(count).fill(1), [count, 1]);
  const flat = await flattened(call, operand, [kept, [index]]);
  try {
    const sums = await multiply(call.runtime, withShape(flat.matrix, [rows, count]), ones, call.options);
    return fresh(call, sums, kept);
  } finally {
    ones.dispose();
    if (flat !== operand) release(flat);
  }
}

/** A dense matrix just made, whose indices are in this order. */
function fresh(call: Call, matrix: AnyMatrix, indices: readonly string[]): Operand {
  const strides = denseStrides(sizesOf(call, indices));
  return { matrix, steps: new Map(indices.map((index, at) => [index, strides[at] ?? 0])), owned: true };
}

/** The same numbers in another shape. */
function withShape(matrix: AnyMatrix, shape: readonly number[]): Matrix {
  return new Matrix(matrix.storage, shape) as unknown as Matrix;
}

/** The operand with its indices in this order, dense: itself where it is that already. */
async function flattened(
  call: Call,
  operand: Operand,
  groups: readonly (readonly string[])[],
): Promise<Operand> {
  const indices = groups.flat();
  const shape = sizesOf(call, indices);
  const strides = stepsOf(operand, indices);
  const isWhole = operand.matrix.size === elementCount(shape);
  if (isWhole && isDense({ shape, strides })) return operand;
  const [matrix] = await arrange(call.runtime, [operand.matrix], { shape, strides: [strides] }, call.options);
  return fresh(call, matrix as AnyMatrix, indices);
}

async function contract(call: Call, left: Operand, right: Operand, step: Contraction): Promise<Operand> {
  const { shared, ofLeft, ofRight, summed } = step;
  const indices = [...shared, ...ofLeft, ...ofRight];
  try {
    if (summed.length === 0) return await elementProducts(call, left, right, indices);
    const [batch, m, n] = [sizeOf(call, shared), sizeOf(call, ofLeft), sizeOf(call, ofRight)];
    if (m * n === 1 && batch > 1) {
      // A matrix product of one row and one column each would leave most of every tile empty.
      const all = await elementProducts(call, left, right, [...indices, ...summed]);
      const sums = await sumLonely(call, all, new Set(indices));
      release(all);
      return sums;
    }
    return await matrixProduct(call, left, right, step);
  } finally {
    release(left);
    release(right);
  }
}

async function elementProducts(
  call: Call,
  left: Operand,
  right: Operand,
  indices: readonly string[],
): Promise<Operand> {
  const shape = sizesOf(call, indices);
  const strides = [stepsOf(left, indices), stepsOf(right, indices)];
  const [matrix] = await products(
    call.runtime,
    [left.matrix, right.matrix],
    { shape, strides },
    call.options,
  );
  return fresh(call, matrix as AnyMatrix, indices);
}

async function matrixProduct(
  call: Call,
  left: Operand,
  right: Operand,
  { shared, ofLeft, ofRight, summed }: Contraction,
): Promise<Operand> {
  const [batch, m, n, k] = [shared, ofLeft, ofRight, summed].map((indices) => sizeOf(call, indices));
  const transposeA = isReady(call, left, [...shared, ...summed, ...ofLeft]);
  const transposeB = isReady(call, right, [...shared, ...ofRight, ...summed]);
  const a = await flattened(call, left, transposeA ? [shared, summed, ofLeft] : [shared, ofLeft, summed]);
  try {
    const b = await flattened(
      call,
      right,
      transposeB ? [shared, ofRight, summed] : [shared, summed, ofRight],
    );
    try {
      const shapeA = [batch ?? 1, ...(transposeA ? [k ?? 1, m ?? 1] : [m ?? 1, k ?? 1])];
      const shapeB = [batch ?? 1, ...(transposeB ? [n ?? 1, k ?? 1] : [k ?? 1, n ?? 1])];
      const [x, y] = [withShape(a.matrix, shapeA), withShape(b.matrix, shapeB)];
      const product = await multiply(call.runtime, x, y, { ...call.options, transposeA, transposeB });
      return fresh(call, product, [...shared, ...ofLeft, ...ofRight]);
    } finally {
      if (b !== right) release(b);
    }
  } finally {
    if (a !== left) release(a);
  }
}

/** Whether the operand is dense in this order of its indices. */
function isReady(call: Call, operand: Operand, indices: readonly string[]): boolean {
  const shape = sizesOf(call, indices);
  const isWhole = operand.matrix.size === elementCount(shape);
  return isWhole && isDense({ shape, strides: stepsOf(operand, indices) });
}

/** The result in the order that was asked for, in memory of its own. */
async function finished(call: Call, operand: Operand, output: readonly string[]): Promise<AnyMatrix> {
  const shape = sizesOf(call, output);
  if (operand.owned && isReady(call, operand, output)) {
    return new Matrix(operand.matrix.storage, shape, operand.matrix.report);
  }
  try {
    const strides = [stepsOf(operand, output)];
    const [matrix] = await arrange(call.runtime, [operand.matrix], { shape, strides }, call.options);
    return matrix as AnyMatrix;
  } finally {
    release(operand);
  }
}
