import { isTurnLong, nextTurn } from "../core/turn.ts";
import type { BatchFacet } from "../runtime/index.ts";
import { giveMergeMemory, takeMergeMemory } from "./merge-memory.ts";
import type { Product } from "./multiply-operation.ts";
import type { ProductShape } from "./product-shape.ts";
import { Storage } from "./storage.ts";
import { splitStorage } from "./storage-part.ts";

/** Above 64 KiB, copying an operand costs what merging saves. */
const mostNumbers = 16_384;
/** Copied between looks at the clock: at most 1 MiB. */
const copiesAtOnce = 16;

/** Small products of one shape are one product of a batch, or of a taller matrix where they share `b`. */
export const multiplyBatch: BatchFacet<Product, Storage> = {
  key: ({ shape, a, b, c, alpha, beta }) => {
    const { m, n, k, batch, transposeA, transposeB } = shape;
    if (batch !== 1 || m * n > mostNumbers) return undefined;
    const [ofA, ofB] = [operandKey(a), operandKey(b)];
    if (ofA !== copied && ofB !== copied) return undefined;
    const ofC = c === undefined ? "" : operandKey(c);
    return `${m} ${n} ${k} ${transposeA} ${transposeB} ${alpha} ${beta} ${ofA} ${ofB} ${ofC}`;
  },
  merge: mergeProducts,
  split: (output, inputs) => splitStorage(output, inputs.length),
};

const copied = "copied";
const ids = new WeakMap<Storage, number>();
let lastId = 0;

/** Small operands on the host are copied side by side; another kind is only merged with itself. */
function operandKey(storage: Storage): string {
  if (storage.length <= mostNumbers && storage.isOnHost) return copied;
  const id = ids.get(storage) ?? ++lastId;
  ids.set(storage, id);
  return `${id}`;
}

async function mergeProducts(products: readonly Product[]): Promise<Product & Disposable> {
  const [first] = products as readonly [Product];
  const sharesA = products.every(({ a }) => a === first.a);
  const sharesB = products.every(({ b }) => b === first.b);
  const sharesC = products.every(({ c }) => c === first.c);
  const copiesA = !sharesA || (sharesB && operandKey(first.a) === copied);
  const copiesB = !sharesB || !copiesA;
  const a = copiesA ? await sideBySide(products.map((product) => product.a)) : first.a;
  const b = copiesB ? await sideBySide(products.map((product) => product.b)) : first.b;
  const c = sharesC ? first.c : await sideBySide(products.flatMap((product) => product.c ?? []));
  const isTall = !copiesB && !first.shape.transposeA && (c === undefined || !sharesC);
  return {
    ...first,
    a,
    b,
    c,
    shape: isTall
      ? taller(first.shape, products.length)
      : batched(first.shape, products.length, {
          strideA: copiesA ? first.a.length : 0,
          strideB: copiesB ? first.b.length : 0,
          strideC: sharesC ? 0 : (first.c?.length ?? 0),
        }),
    [Symbol.dispose]: () => {
      if (copiesA) release(a);
      if (copiesB) release(b);
      if (c !== undefined && !sharesC) release(c);
    },
  };
}

/** `count` products with one `b`: the rows of all `a`, below each other. */
function taller(shape: ProductShape, count: number): ProductShape {
  const m = shape.m * count;
  return { ...shape, m, strideA: 0, strideB: 0, strideC: 0, result: [m, shape.n] };
}

function batched(
  shape: ProductShape,
  batch: number,
  strides: Pick<ProductShape, "strideA" | "strideB" | "strideC">,
): ProductShape {
  return { ...shape, ...strides, batch, result: [batch, shape.m, shape.n] };
}

async function sideBySide(storages: readonly Storage[]): Promise<Storage> {
  const [{ length }] = storages as readonly [Storage];
  const data = takeMergeMemory(storages.length * length);
  for (const [at, storage] of storages.entries()) {
    if (at % copiesAtOnce === 0) while (isTurnLong()) await nextTurn();
    data.set(storage.hostData ?? (await storage.host()), at * length);
  }
  return Storage.onHost(data);
}

function release(merged: Storage): void {
  const { hostData } = merged;
  merged.dispose();
  if (hostData !== undefined) giveMergeMemory(hostData);
}
