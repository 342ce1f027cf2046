import { AikoError } from "../../errors.ts";
import type { BatchContext } from "./batch.ts";
import { type OnAbort, Pending } from "./pending.ts";

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Typed arrays by name, each with the same count of numbers for every item. */
export type BulkColumns<Columns> = Readonly<Record<keyof Columns, TypedArray>>;

/** An operation on many items in flat arrays. */
export interface Bulk<Columns extends BulkColumns<Columns>, Result extends TypedArray> {
  /** New memory for the results of `count` items. */
  allocate(count: number): Result;
  /** Computes `count` items of `columns` into `out`: views of the caller's arrays and of the result. */
  execute(columns: Columns, count: number, out: Result, batch: BatchContext): Promise<void> | void;
}

/** One call in bulk form, taken from the queue in parts. */
export class BulkCall<
  Columns extends BulkColumns<Columns>,
  Result extends TypedArray,
> extends Pending<Result> {
  readonly columns: Columns;
  readonly count: number;
  readonly result: Result;
  /** Items handed out so far. */
  taken = 0;
  /** Items computed so far. */
  done = 0;

  constructor(
    call: { readonly columns: Columns; readonly count: number; readonly result: Result },
    signal: AbortSignal | undefined,
    onAbort: OnAbort,
  ) {
    super(signal, onAbort);
    this.columns = call.columns;
    this.count = call.count;
    this.result = call.result;
  }
}

/** Throws INVALID_ARGUMENT for arrays that do not divide into `count` items. */
export function assertColumns<Columns extends BulkColumns<Columns>>(columns: Columns, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new AikoError("INVALID_ARGUMENT", { message: `count is ${String(count)}, not a number of items` });
  }
  for (const name in columns) {
    const column: TypedArray | undefined = columns[name];
    if (!ArrayBuffer.isView(column) || column instanceof DataView) {
      throw new AikoError("INVALID_ARGUMENT", { message: `Column '${name}' is not a typed array` });
    }
    if (count === 0 ? column.length > 0 : column.length % count > 0) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Column '${name}' has ${column.length} numbers, which ${count} items cannot share evenly`,
      });
    }
  }
}

/** The part of `columns` that holds items `start` to `end` of `count`. */
export function sliceColumns<Columns extends BulkColumns<Columns>>(
  columns: Columns,
  count: number,
  start: number,
  end: number,
): Columns {
  const part: Partial<Record<keyof Columns, TypedArray>> = {};
  for (const name in columns) part[name] = sliceItems(columns[name], count, start, end);
  return part as Columns;
}

export function sliceItems<A extends TypedArray>(array: A, count: number, start: number, end: number): A {
  const width = array.length / count;
  return array.subarray(start * width, end * width) as A;
}
