import type { Graph, HostTensor, Node, OnnxRequest } from "../runtime/onnx/index.ts";
import type { ProductShape } from "./product-shape.ts";

export interface HostProduct {
  readonly shape: ProductShape;
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly c: Float32Array | undefined;
  readonly out: Float32Array;
  readonly alpha: number;
  readonly beta: number;
}

/** The request to ONNX Runtime for one product whose sizes are all at least 1. */
export function onnxProduct(product: HostProduct): OnnxRequest {
  return product.shape.batch === 1 ? single(product) : batched(product);
}

/** ONNX Gemm has transposes, alpha and beta of its own. */
function single({ shape, a, b, c, out, alpha, beta }: HostProduct): OnnxRequest {
  const { m, n, k, transposeA, transposeB } = shape;
  const left: HostTensor = { data: a, shape: transposeA ? [k, m] : [m, k] };
  const right: HostTensor = { data: b, shape: transposeB ? [n, k] : [k, n] };
  return {
    key: `gemm ${transposeA} ${transposeB} ${alpha} ${beta} ${c !== undefined}`,
    graph: () => gemmGraph(shape, alpha, beta, c !== undefined),
    inputs: c === undefined ? [left, right] : [left, right, { data: c, shape: [m, n] }],
    outputs: [{ data: out, shape: [m, n] }],
  };
}

function gemmGraph(
  { transposeA, transposeB }: ProductShape,
  alpha: number,
  beta: number,
  hasC: boolean,
): Graph {
  const inputs = hasC ? ["a", "b", "c"] : ["a", "b"];
  const attributes = {
    transA: { int: Number(transposeA) },
    transB: { int: Number(transposeB) },
    alpha: { float: alpha },
    beta: { float: beta },
  };
  return { nodes: [{ operator: "Gemm", inputs, outputs: ["out"], attributes }], inputs, outputs: ["out"] };
}

function batched({ shape, a, b, c, out, alpha, beta }: HostProduct): OnnxRequest {
  const { m, n, k, batch, transposeA, transposeB } = shape;
  const items = (data: Float32Array, stride: number, rows: number, columns: number): HostTensor => ({
    data,
    shape: stride === 0 ? [rows, columns] : [batch, rows, columns],
  });
  const left = transposeA ? items(a, shape.strideA, k, m) : items(a, shape.strideA, m, k);
  const right = transposeB ? items(b, shape.strideB, n, k) : items(b, shape.strideB, k, n);
  const addition =
    c === undefined ? [] : [items(c, shape.strideC, m, n), { data: Float32Array.of(beta), shape: [1] }];
  return {
    key: `batched ${transposeA} ${transposeB} ${alpha} ${c !== undefined}`,
    graph: () => batchedGraph(shape, alpha, c !== undefined),
    inputs: [left, right, ...addition],
    outputs: [{ data: out, shape: [batch, m, n] }],
  };
}

/** FusedMatMul is ONNX Runtime's own batched product with transposes and alpha. */
function batchedGraph({ transposeA, transposeB }: ProductShape, alpha: number, hasC: boolean): Graph {
  const product: Node = {
    operator: "FusedMatMul",
    domain: "com.microsoft",
    inputs: ["a", "b"],
    outputs: [hasC ? "product" : "out"],
    attributes: {
      transA: { int: Number(transposeA) },
      transB: { int: Number(transposeB) },
      alpha: { float: alpha },
    },
  };
  if (!hasC) return { nodes: [product], inputs: ["a", "b"], outputs: ["out"] };
  const addition: Node[] = [
    { operator: "Mul", inputs: ["c", "beta"], outputs: ["scaled"] },
    { operator: "Add", inputs: ["product", "scaled"], outputs: ["out"] },
  ];
  return { nodes: [product, ...addition], inputs: ["a", "b", "c", "beta"], outputs: ["out"] };
}
