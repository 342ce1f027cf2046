import { elementCount } from "../../../core/shape.ts";
import { broadcast, type PlanBuilder, type Value } from "../builder.ts";
import { cellStep } from "../cells.ts";
import { allow, float, floats, int, invalid, type Lower, type NodeContext, required } from "../context.ts";
import { type Matrix, productStep } from "../product.ts";
import { type DType, elementAt, storageOf } from "../types.ts";
import { collapsed, denseStrides, expanded, type View } from "../views.ts";

const multiplied: readonly DType[] = [...floats, "i32", "i64", "u32", "u64"];

/** The last two dimensions multiplied as matrices, those before broadcast. Both have at least two. */
export function matrixProduct(context: NodeContext, left: Value, right: Value): Value {
  const { builder, node } = context;
  const [m, k] = lastTwo(left.shape);
  const [rows, n] = lastTwo(right.shape);
  if (k !== rows) invalid(node, `[${left.shape.join(", ")}] and [${right.shape.join(", ")}] do not multiply`);
  const batch = broadcast([left.shape.slice(0, -2), right.shape.slice(0, -2)]);
  const shape = [...batch, m, n];
  if (elementCount(shape) === 0 || k === 0) return builder.scalar(left.dtype, 0, shape);
  const a = operand(builder, left, [...batch, m, k]);
  const b = operand(builder, right, [...batch, k, n]);
  const result = builder.buffer(left.dtype, elementCount(shape));
  const flat = collapsed([...batch, 1], [batchView(a), batchView(b)], 1);
  const sizes = flat.shape.slice(0, -1);
  const strides = flat.views.map((view) => view.strides.slice(0, -1));
  const product = folded({
    a: matrixOf(a, elementAt(strides, 0)),
    b: matrixOf(b, elementAt(strides, 1)),
    m,
    n,
    k,
    batch: sizes,
    result,
    label: `product ${m}x${k}x${n}${sizes.length === 0 ? "" : ` of ${elementCount(sizes)}`}`,
  });
  if (storageOf(left.dtype) === "f32") builder.wait(result, productStep(builder, product, builder.operator));
  else plainProduct(builder, product);
  return builder.leaf(result, shape);
}

type Product = Parameters<typeof productStep>[1] & { readonly b: Matrix };

/** Items that share the right operand are more rows of one product. */
function folded(product: Product): Product {
  const { a, b, m, batch } = product;
  const [items] = batch;
  if (items === undefined || batch.length !== 1 || b.batch[0] !== 0 || a.batch[0] !== m * a.row)
    return product;
  return { ...product, a: { ...a, batch: [] }, b: { ...b, batch: [] }, m: items * m, batch: [] };
}

interface Operand {
  readonly view: View;
  readonly buffer: Matrix["buffer"];
}

/** What is only seen differently is multiplied as it lies; what has to be computed is written first. */
function operand(builder: PlanBuilder, value: Value, shape: readonly number[]): Operand {
  const { expression } = builder.settle(value);
  const own = expression.kind === "leaf" ? expression : undefined;
  const buffer = own?.buffer ?? builder.dense(value);
  const view = own ?? { strides: denseStrides(value.shape), offset: 0 };
  return { buffer, view: expanded(view, value.shape, shape) };
}

function batchView({ view }: Operand): View {
  return { strides: [...view.strides.slice(0, -2), 0], offset: 0 };
}

function matrixOf({ buffer, view }: Operand, batch: readonly number[]): Matrix {
  const [row, column] = lastTwo(view.strides);
  return { kind: "matrix", buffer, offset: view.offset, row, column, batch };
}

function lastTwo(list: readonly number[]): readonly [number, number] {
  return [elementAt(list, list.length - 2), elementAt(list, list.length - 1)];
}

/** Types without a fast kernel: one thread an element. */
function plainProduct(builder: PlanBuilder, { a, b, m, n, k, batch, result, label }: Product): void {
  const type = storageOf(result.dtype);
  const places = (name: string, matrix: Matrix) =>
    Object.fromEntries(matrix.batch.map((stride, at) => [`${name}_batch_${at}`, stride]));
  const steps = batch
    .map((_, at) => at)
    .reverse()
    .flatMap((at) => [
      `  at_a += (rest % p.size_${at}) * p.a_batch_${at};`,
      `  at_b += (rest % p.size_${at}) * p.b_batch_${at};`,
      `  rest = rest / p.size_${at};`,
    ]);
  cellStep(builder, {
    label,
    inputs: a.buffer === b.buffer ? { a: a.buffer } : { a: a.buffer, b: b.buffer },
    outputs: { result },
    sizes: {
      ...{ m, n, k, a_offset: a.offset, a_row: a.row, a_column: a.column },
      ...{ b_offset: b.offset, b_row: b.row, b_column: b.column },
      ...Object.fromEntries(batch.map((size, at) => [`size_${at}`, size])),
      ...places("a", a),
      ...places("b", b),
    },
    text: `fn cell(i: u32) {
  let column = i % p.n;
  let row = (i / p.n) % p.m;
  var rest = i / p.n / p.m;
  var at_a = p.a_offset + row * p.a_row;
  var at_b = p.b_offset + column * p.b_column;
${steps.join("\n")}
  var sum = ${type}(0);
  for (var step = 0u; step < p.k; step++) {
    sum += a[at_a + step * p.a_column] * ${a.buffer === b.buffer ? "a" : "b"}[at_b + step * p.b_row];
  }
  result[i] = sum;
}
`,
    count: result.length,
    work: k,
  });
}

const matmul: Lower = (context, inputs) => {
  const a = required(context, inputs, 0);
  const b = required(context, inputs, 1);
  allow(context, a, multiplied);
  if (a.dtype !== b.dtype) invalid(context.node, `its inputs are ${a.dtype} and ${b.dtype}`);
  if (a.shape.length === 0 || b.shape.length === 0)
    invalid(context.node, "a scalar cannot be multiplied as a matrix");
  const { builder } = context;
  const left = a.shape.length === 1 ? builder.reshape(a, [1, ...a.shape]) : a;
  const right = b.shape.length === 1 ? builder.reshape(b, [...b.shape, 1]) : b;
  const product = matrixProduct(context, left, right);
  const shape = product.shape.filter((_, at) => {
    const fromEnd = product.shape.length - at;
    return !((a.shape.length === 1 && fromEnd === 2) || (b.shape.length === 1 && fromEnd === 1));
  });
  return builder.reshape(product, shape);
};

const gemm: Lower = (context, inputs) => {
  const { builder } = context;
  const a = required(context, inputs, 0);
  const b = required(context, inputs, 1);
  const c = inputs[2];
  allow(context, a, multiplied);
  if (a.shape.length !== 2 || b.shape.length !== 2) invalid(context.node, "its inputs are no matrices");
  const turned = (value: Value, name: string) =>
    int(context, name, 0) === 0 ? value : builder.transpose(value, [1, 0]);
  const product = matrixProduct(context, turned(a, "transA"), turned(b, "transB"));
  const scaled = (value: Value, name: string) => {
    const factor = float(context, name, 1);
    return factor === 1
      ? value
      : builder.apply("mul", value.dtype, value, builder.scalar(value.dtype, factor));
  };
  const left = scaled(product, "alpha");
  if (c === undefined || float(context, "beta", 1) === 0) return left;
  return builder.apply("add", product.dtype, left, scaled(c, "beta"));
};

export const products: Readonly<Record<string, Lower>> = { MatMul: matmul, Gemm: gemm };
