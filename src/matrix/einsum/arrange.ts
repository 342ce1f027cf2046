import { elementCount, type Shape } from "../../core/shape.ts";
import type { Strides } from "../../core/strides.ts";
import { binary, computeType, type Expression, input } from "../../expression/index.ts";
import { elementwise } from "../../kernels/elementwise.ts";
import type { Rates } from "../../runtime/index.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import { type DenseRun, denseOperation, type TensorType } from "../dense-operation.ts";
import type { ArrangeSizes } from "../host/arrange.ts";

const module = new URL("../host/arrange.js", import.meta.url).href;

const rates: Rates = {
  engine: { overheadMs: 0.05, flopsPerMs: 5e5, bytesPerMs: 4e6 },
  gpu: { overheadMs: 0.2, flopsPerMs: 1e9, bytesPerMs: 1e8 },
  cpu: { overheadMs: 0.1, flopsPerMs: 1e7, bytesPerMs: 1e7 },
};

function stridedOperation(
  task: "arrange" | "products",
  expressionOf: (type: TensorType) => Expression,
): DenseRun<ArrangeSizes> {
  return denseOperation<ArrangeSizes>({
    name: `matrix.einsum.${task}`,
    engine: "javascript",
    rates,
    outputs: ([first], { shape }) => [{ shape, dtype: first?.dtype ?? "f32" }],
    flops: (_inputs, _outputs, { shape }) => elementCount(shape),
    gpu: async ({ device, inputs, outputs: [result], parameters: { shape, strides }, timer }) => {
      const [first] = inputs;
      if (first === undefined || result === undefined) return;
      const operands = inputs.map(({ data, dtype }, at) => ({ data, dtype, strides: strides[at] ?? [] }));
      const work = { expression: expressionOf(first), inputs: operands, shape, resultType: result.dtype };
      await elementwise(device, { ...work, result: result.data }, { timer });
    },
    cpu: async ({ inputs, outputs, parameters, context: { signal } }) => {
      const arrays = [...inputs, ...outputs].map(({ data }) => data);
      const effort = 2 * elementCount(parameters.shape);
      await javascriptEngine.run({ module, name: task, arrays, parameters, effort, signal });
    },
  });
}

/** The numbers of a matrix in another order: transposed, along diagonals, repeated. */
export const arrange = stridedOperation("arrange", ({ dtype }) => input(0, computeType(dtype)));

/** Products of the elements of two matrices of f32. */
export const products = stridedOperation("products", () =>
  binary("multiply", input(0, "f32"), input(1, "f32")),
);

/** A view of a dense matrix. */
export interface Strided {
  readonly shape: Shape;
  readonly strides: Strides;
}

/** Whether a view steps through dense data from its start to its end. */
export function isDense({ shape, strides }: Strided): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    if (size === 1) continue;
    if (strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}
