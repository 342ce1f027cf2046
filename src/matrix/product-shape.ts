import { elementCount, formatShape, type Shape, sameShape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";

export interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** The sizes of `alpha * op(a) * op(b) + beta * c`. Batch strides count numbers; 0 repeats one item. */
export interface ProductShape extends Transposes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch: number;
  readonly strideA: number;
  readonly strideB: number;
  readonly strideC: number;
  readonly result: Shape;
}

/** Checks that the shapes fit together. Throws INVALID_ARGUMENT naming them, with a hint when a transpose would fit. */
export function productShape(a: Shape, b: Shape, c: Shape | undefined, transposes: Transposes): ProductShape {
  const { transposeA, transposeB } = transposes;
  assertRows(a, "a");
  assertRows(b, "b");
  const [m, k] = lastTwo(a, transposeA);
  const [inner, n] = lastTwo(b, transposeB);
  if (k !== inner) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Cannot multiply ${describe(a, transposeA)} by ${describe(b, transposeB)}: ${k} columns meet ${inner} rows`,
      hint: transposeHint(a, b, transposes),
    });
  }
  const batchShape = commonBatch(a, b);
  const batch = elementCount(batchShape);
  const result = [...batchShape, m, n];
  if (c !== undefined && !sameShape(c, result) && !sameShape(c, [m, n])) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `c is ${formatShape(c)} but the product is ${formatShape(result)}`,
      hint: `c must have the product's shape${batchShape.length > 0 ? `, or ${m}x${n} for every batch item` : ""}.`,
    });
  }
  const stride = (shape: Shape, size: number) => (elementCount(shape.slice(0, -2)) === 1 ? 0 : size);
  return {
    m,
    n,
    k,
    batch,
    strideA: stride(a, m * k),
    strideB: stride(b, k * n),
    strideC: c === undefined ? 0 : stride(c, m * n),
    result,
    transposeA,
    transposeB,
  };
}

function assertRows(shape: Shape, name: string): void {
  if (shape.length >= 2) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} has the shape [${shape.join(", ")}], which has no rows and columns`,
    hint: "Make it one row, [1, columns], or one column, [rows, 1].",
  });
}

function lastTwo(shape: Shape, transposed: boolean): [number, number] {
  const [rows = 0, columns = 0] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

/** A missing batch, or one of a single item, is repeated for the other's. */
function commonBatch(a: Shape, b: Shape): Shape {
  const ofA = a.slice(0, -2);
  const ofB = b.slice(0, -2);
  if (sameShape(ofA, ofB)) return ofA;
  if (elementCount(ofA) === 1 && ofA.length <= ofB.length) return ofB;
  if (elementCount(ofB) === 1 && ofB.length <= ofA.length) return ofA;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `Cannot multiply ${formatShape(a)} by ${formatShape(b)}: the batches ${formatShape(ofA)} and ${formatShape(ofB)} differ`,
    hint: "Batches must be equal, or missing on one side.",
  });
}

function transposeHint(a: Shape, b: Shape, { transposeA, transposeB }: Transposes): string | undefined {
  const fits = (flipA: boolean, flipB: boolean) =>
    lastTwo(a, transposeA !== flipA)[1] === lastTwo(b, transposeB !== flipB)[0];
  const change = (name: string, now: boolean) => `${name}: ${!now}`;
  if (fits(false, true)) return `It would fit with ${change("transposeB", transposeB)}.`;
  if (fits(true, false)) return `It would fit with ${change("transposeA", transposeA)}.`;
  if (fits(true, true)) {
    return `It would fit with ${change("transposeA", transposeA)} and ${change("transposeB", transposeB)}.`;
  }
  return undefined;
}

function describe(shape: Shape, transposed: boolean): string {
  return transposed ? `${formatShape(shape)} transposed` : formatShape(shape);
}
