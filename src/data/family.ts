import { AikoError } from "../errors.ts";
import type { KindOfValue, RowKinds } from "../expression/column/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Columns } from "./columns.ts";
import { DataContext } from "./context.ts";
import { readFiles } from "./files/read.ts";
import type { ReadOptions, SchemaInput } from "./files/read-options.ts";
import { assertFrame, DataFrame } from "./frame/frame.ts";
import type { AnyColumns, Flat, KindsOfTypes, Known, With } from "./frame/types.ts";
import { deviceExecutor } from "./run/device-executor.ts";
import { columnsFrom } from "./source/from.ts";
import { scanOf } from "./source/scan.ts";
import { concat } from "./verbs/concat.ts";

export interface FromOptions<T extends SchemaInput = SchemaInput> {
  /** Types of columns by name; those left out are inferred. */
  readonly schema?: T | undefined;
}

/** Rows may lack keys that others have. */
type KeyOf<R> = R extends unknown ? keyof R : never;
type ValueAt<R, N> = R extends unknown ? (N extends keyof R ? R[N] : never) : never;
type KindsOfRows<R> = { readonly [N in KeyOf<R>]: KindOfValue<ValueAt<R, N>> };

type KindOfArray<A> = A extends { readonly [at: number]: infer V } ? KindOfValue<V> : "any";

type KindsOfArrays<A> = { readonly [N in keyof A]: KindOfArray<A[N]> };

type Arrays = Readonly<Record<string, ArrayLike<unknown>>>;

/** Tables of one runtime. */
export interface DataFamily {
  /**
   * Files, by path, by pattern ("trips/*.parquet") or several of one format: .parquet, .csv, .tsv, .ndjson, .jsonl, .json, also
   * compressed as .gz or .zst where they are text, .arrow and .feather. Rejects with FILE_NOT_FOUND, INVALID_FILE, INVALID_ARGUMENT.
   */
  read<const T extends SchemaInput>(
    path: string | readonly string[],
    options: ReadOptions<T> & { readonly schema: T },
  ): Promise<DataFrame<Known<Flat<KindsOfTypes<T>>>>>;
  read(path: string | readonly string[], options?: ReadOptions): Promise<DataFrame<AnyColumns>>;
  /**
   * What is in memory: objects, columns as typed arrays or arrays, an Apache Arrow table, or the `Table` of another frame. Typed
   * arrays are kept, and must not be changed any more. Rejects with INVALID_ARGUMENT for values that do not fit.
   */
  from<R extends object, const T extends SchemaInput = Record<never, never>>(
    rows: readonly R[],
    options?: FromOptions<T>,
  ): Promise<DataFrame<Known<With<KindsOfRows<R>, KindsOfTypes<T>>>>>;
  from<A extends Arrays, const T extends SchemaInput = Record<never, never>>(
    columns: A,
    options?: FromOptions<T>,
  ): Promise<DataFrame<Known<With<KindsOfArrays<A>, KindsOfTypes<T>>>>>;
  from(table: object, options?: FromOptions): Promise<DataFrame<AnyColumns>>;
  /** The rows of all, in order; columns are matched by name. */
  concat<C extends RowKinds>(frames: readonly DataFrame<C>[]): DataFrame<C>;
  /** Closes the CPU engine. */
  dispose(): Promise<void>;
}

export function bindData(runtime: Runtime): DataFamily {
  const context = new DataContext(runtime, deviceExecutor);
  const frameOf = (columns: Columns) => new DataFrame(context, scanOf(columns), columns);
  return {
    read: async (path: string | readonly string[], options: ReadOptions = {}) =>
      new DataFrame(context, await readFiles(context, path, options)) as never,
    from: async (source: object, options: FromOptions = {}) =>
      frameOf(await columnsFrom(source, options)) as never,
    concat: (frames) => {
      for (const frame of frames) assertFrame(frame, "concat");
      const [first] = frames;
      if (first === undefined) {
        throw new AikoError("INVALID_ARGUMENT", { message: "concat takes at least one frame" });
      }
      return new DataFrame(context, concat(frames.map(({ plan }) => plan)));
    },
    dispose: () => context.dispose(),
  };
}
