import type { DType } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import { binary, cast, constant } from "../expression/build.ts";
import type { Expression } from "../expression/expression.ts";
import type { Runtime } from "../runtime/index.ts";
import { assertShape } from "./convert.ts";
import { allocateHostArray } from "./host-memory.ts";
import { elementwiseOf, lazyMatrix, scalarOf, toDType } from "./lazy.ts";
import { Matrix } from "./matrix.ts";
import { Storage } from "./storage.ts";
import { bindViews } from "./views.ts";

/** Matrices that are computed from nothing. */
export interface Makers {
  /** The element type is f32 where it is not given. */
  zeros(shape: Shape): Matrix;
  zeros<D extends DType>(shape: Shape, dtype: D): Matrix<D>;
  ones(shape: Shape): Matrix;
  ones<D extends DType>(shape: Shape, dtype: D): Matrix<D>;
  full(shape: Shape, value: number): Matrix;
  full<D extends DType>(shape: Shape, value: number | bigint | boolean, dtype: D): Matrix<D>;
  /** `start`, `start + step`, ... up to `stop`, which is left out. With one number, from 0 up to it. */
  arange(start: number, stop?: number, step?: number): Matrix;
  /** `count` numbers from `start` to `stop`, both included. */
  linspace(start: number, stop: number, count: number): Matrix;
  /** Ones on a diagonal, the `offset`-th above the main one; zeros elsewhere. */
  eye(rows: number, columns?: number, offset?: number): Matrix;
}

export function bindMakers(runtime: Runtime): Makers {
  const views = bindViews(runtime);
  const full = (shape: Shape, value: number | bigint | boolean, dtype: DType): Matrix<DType> => {
    assertShape(shape);
    const type = toDType(dtype);
    const expression = scalarOf(type === "bool" ? Boolean(value) : value, type, "full");
    return lazyMatrix(runtime, { kind: "elementwise", expression, operands: [] }, shape, type);
  };
  /** `start + at * step`, computed in f64. */
  const steps = (count: number, start: number, step: number): Matrix => {
    if (count <= mostHere) return filled(count, (at) => start + at * step);
    using blocks = filled(Math.ceil(count / block), (at) => at * block);
    using column = views.expandDims(blocks, 1);
    using places = filled(block, (at) => at);
    const f64 = (x: Expression) => cast(x, "f64");
    using rows = elementwiseOf(runtime, "arange", [column, places], {
      build: ([a = zero, b = zero]) => {
        const at = binary("add", f64(a), f64(b));
        const scaled = binary("multiply", at, constant(step, "f64"));
        return cast(binary("add", scaled, constant(start, "f64")), "f32");
      },
    }) as Matrix;
    using all = views.flatten(rows);
    return views.slice(all, { stop: count });
  };
  return {
    zeros: ((shape: Shape, dtype: DType = "f32") => full(shape, 0, dtype)) as Makers["zeros"],
    ones: ((shape: Shape, dtype: DType = "f32") => full(shape, 1, dtype)) as Makers["ones"],
    full: ((shape: Shape, value: number, dtype: DType = "f32") =>
      full(shape, value, dtype)) as Makers["full"],
    arange: (start, stop, step = 1) => {
      const [from, to] = stop === undefined ? [0, start] : [start, stop];
      const count = Math.max(0, Math.ceil((to - from) / step));
      if (Number.isSafeInteger(count)) return steps(count, from, step);
      throw new AikoError("INVALID_ARGUMENT", {
        message: `arange from ${from} to ${to} in steps of ${step} has no end`,
      });
    },
    linspace: (start, stop, count) => {
      assertShape([count]);
      return steps(count, start, count > 1 ? (stop - start) / (count - 1) : 0);
    },
    eye: (rows, columns = rows, offset = 0) => {
      assertShape([rows, columns]);
      using down = filled(rows, (at) => at + offset);
      using column = views.expandDims(down, 1);
      using across = filled(columns, (at) => at);
      return elementwiseOf(runtime, "eye", [column, across], {
        build: ([a = zero, b = zero]) => cast(binary("equal", a, b), "f32"),
      }) as Matrix;
    },
  };
}

/** About a millisecond of JavaScript, and rows for more. */
const mostHere = 1 << 18;
const block = 1 << 16;
const zero = constant(0, "f32");

function filled(count: number, value: (at: number) => number): Matrix {
  const data = allocateHostArray("f32", count);
  for (let at = 0; at < count; at++) data[at] = value(at);
  return new Matrix(Storage.onHost(data), [count]);
}
