import { type MatrixType, type Type, vectorOf } from "../../types.ts";
import { decode, encode } from "./half.ts";
import type { Helpers } from "./helpers.ts";
import type { CTypes } from "./types.ts";

/** What C has no operator for: matrices by column, products, transposes, determinants. */
export class Matrices {
  readonly #types: CTypes;
  readonly #helpers: Helpers;

  constructor(types: CTypes, helpers: Helpers) {
    this.#types = types;
    this.#helpers = helpers;
  }

  /** One column of a wide matrix by a run-time index. */
  column(type: MatrixType): string {
    const t = this.#types.value(type);
    const lane = this.#types.lane(type.element);
    const column = this.#types.vector(type.element, type.rows);
    return this.#helpers.define(
      `column${type.rows}_${t}`,
      column,
      `${t} m, uint i`,
      () => `return vload${type.rows}(i, (${lane}*)&m);`,
    );
  }

  columnOf(type: MatrixType, matrix: string, index: number): string {
    const { dialect } = this.#types;
    if (this.#types.isWide(type)) {
      return dialect.swizzle(
        matrix,
        Array.from({ length: type.rows }, (_, row) => index * type.rows + row),
      );
    }
    const column = vectorOf(type.rows, type.element);
    if (type.rows !== 3) return decode(this.#types, column, `${matrix}.c[${index}]`);
    const lane = `${matrix}.c[${index}].e`;
    return decode(
      this.#types,
      column,
      dialect.construct(dialect.vector(this.#types.memoryLane(type.element), 3), [
        `${lane}[0]`,
        `${lane}[1]`,
        `${lane}[2]`,
      ]),
    );
  }

  /** Statements that return a matrix made of these columns. */
  #return(type: MatrixType, columns: readonly string[]): string {
    if (this.#types.isWide(type))
      return `return ${this.#types.dialect.construct(this.#types.value(type), columns)};`;
    const store = (column: string, index: number) => {
      const bits = encode(this.#types, vectorOf(type.rows, type.element), column);
      return type.rows === 3 ? `vstore3(${bits}, 0, r.c[${index}].e);` : `r.c[${index}] = ${bits};`;
    };
    return `${this.#types.memory(type)} r; ${columns.map(store).join(" ")} return r;`;
  }

  make(type: MatrixType): string {
    const t = this.#types.value(type);
    const column = this.#types.vector(type.element, type.rows);
    const names = Array.from({ length: type.columns }, (_, index) => `c${index}`);
    return this.#helpers.define(`make_${t}`, t, names.map((name) => `${column} ${name}`).join(", "), () =>
      this.#return(type, names),
    );
  }

  /** `left op right` where at least one is a matrix and C has no operator for it. */
  operator(operator: string, left: Type, right: Type, result: Type): string {
    const [l = "", r = "", t = ""] = [left, right, result].map((type) => this.#types.value(type));
    const word = operator === "*" ? "multiply" : operator === "+" ? "add" : "subtract";
    const shape = (type: Type) => (type.kind === "matrix" ? `${type.columns}x${type.rows}` : "");
    const name = `${word}_${shape(left)}${l}_${shape(right)}${r}`;
    return this.#helpers.define(name, t, `${l} a, ${r} b`, () => this.#body(operator, left, right, result));
  }

  #body(operator: string, left: Type, right: Type, result: Type): string {
    if (operator !== "*" && left.kind === "matrix" && result.kind === "matrix") {
      return this.#return(
        result,
        each(
          left,
          (index) => `${this.columnOf(left, "a", index)} ${operator} ${this.columnOf(left, "b", index)}`,
        ),
      );
    }
    if (left.kind === "matrix" && right.kind === "matrix" && result.kind === "matrix") {
      return this.#return(
        result,
        each(right, (index) => this.#combine(left, "a", this.columnOf(right, "b", index), right.rows)),
      );
    }
    if (left.kind === "matrix" && right.kind === "vector")
      return `return ${this.#combine(left, "a", "b", right.size)};`;
    if (left.kind === "vector" && right.kind === "matrix") {
      const products = each(right, (index) => `dot(a, ${this.columnOf(right, "b", index)})`);
      return `return ${this.#types.dialect.construct(this.#types.value(result), products)};`;
    }
    const matrix = (left.kind === "matrix" ? left : right) as MatrixType;
    const [m, s] = left.kind === "matrix" ? ["a", "b"] : ["b", "a"];
    return this.#return(
      matrix,
      each(matrix, (index) => `${this.columnOf(matrix, m, index)} * ${s}`),
    );
  }

  #combine(matrix: MatrixType, name: string, vector: string, size: number): string {
    const { dialect } = this.#types;
    return Array.from(
      { length: size },
      (_, index) => `${this.columnOf(matrix, name, index)} * ${dialect.lane(`(${vector})`, index)}`,
    ).join(" + ");
  }

  transpose(type: MatrixType, result: MatrixType): string {
    const { dialect } = this.#types;
    const t = this.#types.value(type);
    const row = this.#types.vector(type.element, type.columns);
    const rows = Array.from({ length: type.rows }, (_, at) =>
      dialect.construct(
        row,
        each(type, (column) => dialect.lane(this.columnOf(type, "m", column), at)),
      ),
    );
    return this.#helpers.define(
      `transpose_${type.columns}x${type.rows}_${t}`,
      this.#types.value(result),
      `${t} m`,
      () => this.#return(result, rows),
    );
  }

  determinant(type: MatrixType): string {
    const t = this.#types.value(type);
    const cell = (column: number, row: number) =>
      this.#types.dialect.lane(this.columnOf(type, "m", column), row);
    const expand = (columns: readonly number[], row: number): string => {
      const [only] = columns;
      if (columns.length === 1 && only !== undefined) return cell(only, row);
      return `(${columns
        .map(
          (column, index) =>
            `${index % 2 === 0 ? (index === 0 ? "" : " + ") : " - "}${cell(column, row)} * ${expand(
              columns.filter((other) => other !== column),
              row + 1,
            )}`,
        )
        .join("")})`;
    };
    const all = each(type, (index) => index);
    return this.#helpers.define(
      `determinant_${type.columns}_${t}`,
      this.#types.lane(type.element),
      `${t} m`,
      () => `return ${expand(all, 0)};`,
    );
  }
}

function each<T>(type: MatrixType, make: (index: number) => T): T[] {
  return Array.from({ length: type.columns }, (_, index) => make(index));
}
