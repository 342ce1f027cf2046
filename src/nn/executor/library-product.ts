import { elementCount } from "../../core/shape.ts";
import type { Pending } from "./builder.ts";
import type { Matrix, Product } from "./product.ts";
import type { LibraryProduct } from "./step.ts";

interface Layout {
  readonly transpose: boolean;
  readonly stride: number;
}

/** How the library has to see an operand of so many rows and columns; `undefined` where it lies in no such way. */
function layoutOf({ row, column, batch }: Matrix, rows: number, columns: number): Layout | undefined {
  const plain = (column === 1 || columns === 1) && (row === columns || rows === 1);
  const turned = (row === 1 || rows === 1) && (column === rows || columns === 1);
  if ((!plain && !turned) || batch.length > 1) return undefined;
  return { transpose: !plain, stride: batch[0] ?? 0 };
}

/** Device memory is bound from multiples of 256 bytes on. */
const alignedElements = 64;

/** The product as the vendor's library does it, where its operands lie densely; what follows is a step of its own. */
export function libraryProductStep(product: Product, operator: string): Pending | undefined {
  const { a, b, m, n, k, batch, result, label } = product;
  if (b.kind !== "matrix" || a.offset % alignedElements !== 0 || b.offset % alignedElements !== 0)
    return undefined;
  const left = layoutOf(a, m, k);
  const right = layoutOf(b, k, n);
  if (left === undefined || right === undefined) return undefined;
  const items = elementCount(batch);
  const command: LibraryProduct = {
    label,
    bindings: { a: a.buffer, b: b.buffer, out: result },
    offsets: { a: a.offset * 4, b: b.offset * 4 },
    product: {
      ...({ type: "f32", m, n, k, batch: items, alpha: 1, beta: 0 } as const),
      ...{ strideA: left.stride, strideB: right.stride, strideC: 0 },
      ...{ transposeA: left.transpose, transposeB: right.transpose },
    },
  };
  return {
    emit: () => ({
      label: `${label} by the vendor's library`,
      operators: [operator],
      reads: [...new Set([a.buffer, b.buffer])],
      writes: [result],
      scratch: [],
      flops: 2 * items * m * n * k,
      replaceable: [],
      dispatches: () => [command],
    }),
    absorb: () => undefined,
  };
}
