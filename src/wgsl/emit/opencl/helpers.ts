import { elementScalar, i32, type MatrixType, type Type, vectorOf } from "../../types.ts";
import { decode, encode } from "./half.ts";
import { type CTypes, isWide, laneName, memoryLane, vectorName } from "./types.ts";

/** Small C functions that operators and built-ins need, each written once when first asked for. */
export class Helpers {
  readonly texts: string[] = [];
  readonly #known = new Set<string>();
  readonly #types: CTypes;

  constructor(types: CTypes) {
    this.#types = types;
  }

  need(name: string, text: () => string): string {
    if (!this.#known.has(name)) {
      this.#known.add(name);
      const made = text();
      this.texts.push(made);
    }
    return name;
  }

  /** A function over values of one scalar or vector type: `body` sees the parameters by name. */
  generic(
    base: string,
    type: Type,
    parameters: string,
    body: (t: string) => string,
    result = this.#types.value(type),
  ): string {
    const t = this.#types.value(type);
    const params = parameters
      .split(" ")
      .map((name) => `${t} ${name}`)
      .join(", ");
    return this.need(`${base}_${t}`, () => `static inline ${result} ${base}_${t}(${params}) { ${body(t)} }`);
  }

  /** WGSL's integer division: by zero gives the dividend, INT_MIN / -1 gives INT_MIN. */
  divide(type: Type): string {
    return this.generic("divide", type, "a b", () => `return a / ${safeDivisor(type)};`);
  }

  /** WGSL's integer remainder: by zero and INT_MIN % -1 give zero. */
  remainder(type: Type): string {
    return this.generic("remainder", type, "a b", () => `return a % ${safeDivisor(type)};`);
  }

  /** One lane of a vector by a run-time index. */
  lane(type: Type & { kind: "vector" }): string {
    const t = this.#types.value(type);
    return this.need(
      `lane_${t}`,
      () =>
        `static inline ${laneName(type.element)} lane_${t}(${t} v, uint i) { return ((${laneName(type.element)}*)&v)[i]; }`,
    );
  }

  /** One column of a wide matrix by a run-time index. */
  column(type: MatrixType): string {
    const t = this.#types.value(type);
    const lane = laneName(type.element);
    return this.need(
      `column${type.rows}_${t}`,
      () =>
        `static inline ${lane}${type.rows} column${type.rows}_${t}(${t} m, uint i) { return vload${type.rows}(i, (${lane}*)&m); }`,
    );
  }

  columnOf(type: MatrixType, matrix: string, index: number): string {
    if (isWide(type)) {
      const lanes = Array.from({ length: type.rows }, (_, row) =>
        (index * type.rows + row).toString(16),
      ).join("");
      return `${matrix}.s${lanes}`;
    }
    const column = vectorOf(type.rows, type.element);
    if (type.rows !== 3) return decode(column, `${matrix}.c[${index}]`);
    const lane = `${matrix}.c[${index}].e`;
    return decode(column, `(${memoryLane(type.element)}3)(${lane}[0], ${lane}[1], ${lane}[2])`);
  }

  /** Statements that return a matrix made of these columns. */
  returnMatrix(type: MatrixType, columns: readonly string[]): string {
    if (isWide(type)) return `return (${this.#types.value(type)})(${columns.join(", ")});`;
    const store = (column: string, index: number) => {
      const bits = encode(vectorOf(type.rows, type.element), column);
      return type.rows === 3 ? `vstore3(${bits}, 0, r.c[${index}].e);` : `r.c[${index}] = ${bits};`;
    };
    return `${this.#types.memory(type)} r; ${columns.map(store).join(" ")} return r;`;
  }

  makeMatrix(type: MatrixType): string {
    const t = this.#types.value(type);
    const column = vectorName(type.element, type.rows);
    const names = Array.from({ length: type.columns }, (_, index) => `c${index}`);
    return this.need(
      `make_${t}`,
      () =>
        `static inline ${t} make_${t}(${names.map((name) => `${column} ${name}`).join(", ")}) { ${this.returnMatrix(type, names)} }`,
    );
  }

  /** `left op right` where at least one is a matrix and C has no operator for it. */
  matrixOperator(operator: string, left: Type, right: Type, result: Type): string {
    const [l, r, t] = [left, right, result].map((type) => this.#types.value(type));
    const word = operator === "*" ? "multiply" : operator === "+" ? "add" : "subtract";
    const shape = (type: Type) => (type.kind === "matrix" ? `${type.columns}x${type.rows}` : "");
    const name = `${word}_${shape(left)}${l}_${shape(right)}${r}`;
    return this.need(
      name,
      () =>
        `static inline ${t} ${name}(${l} a, ${r} b) { ${this.#matrixBody(operator, left, right, result)} }`,
    );
  }

  #matrixBody(operator: string, left: Type, right: Type, result: Type): string {
    if (operator !== "*" && left.kind === "matrix" && result.kind === "matrix") {
      return this.returnMatrix(
        result,
        each(
          left,
          (index) => `${this.columnOf(left, "a", index)} ${operator} ${this.columnOf(left, "b", index)}`,
        ),
      );
    }
    if (left.kind === "matrix" && right.kind === "matrix" && result.kind === "matrix") {
      return this.returnMatrix(
        result,
        each(right, (index) => this.#combine(left, "a", this.columnOf(right, "b", index), right.rows)),
      );
    }
    if (left.kind === "matrix" && right.kind === "vector")
      return `return ${this.#combine(left, "a", "b", right.size)};`;
    if (left.kind === "vector" && right.kind === "matrix") {
      return `return (${this.#types.value(result)})(${each(right, (index) => `dot(a, ${this.columnOf(right, "b", index)})`).join(", ")});`;
    }
    const matrix = (left.kind === "matrix" ? left : right) as MatrixType;
    const [m, s] = left.kind === "matrix" ? ["a", "b"] : ["b", "a"];
    return this.returnMatrix(
      matrix,
      each(matrix, (index) => `${this.columnOf(matrix, m, index)} * ${s}`),
    );
  }

  #combine(matrix: MatrixType, name: string, vector: string, size: number): string {
    return Array.from(
      { length: size },
      (_, index) => `${this.columnOf(matrix, name, index)} * (${vector}).s${index}`,
    ).join(" + ");
  }

  transpose(type: MatrixType, result: MatrixType): string {
    const t = this.#types.value(type);
    const name = `transpose_${type.columns}x${type.rows}_${t}`;
    const rows = Array.from(
      { length: type.rows },
      (_, row) =>
        `(${vectorName(type.element, type.columns)})(${each(type, (column) => `${this.columnOf(type, "m", column)}.s${row}`).join(", ")})`,
    );
    return this.need(
      name,
      () =>
        `static inline ${this.#types.value(result)} ${name}(${t} m) { ${this.returnMatrix(result, rows)} }`,
    );
  }

  determinant(type: MatrixType): string {
    const t = this.#types.value(type);
    const name = `determinant_${type.columns}_${t}`;
    const cell = (column: number, row: number) => `${this.columnOf(type, "m", column)}.s${row}`;
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
    return this.need(
      name,
      () => `static inline ${laneName(type.element)} ${name}(${t} m) { return ${expand(all, 0)}; }`,
    );
  }

  /** Stores a composite without touching the padding between its parts. */
  store(type: Type, space: string, lines: (target: string, value: string) => string[]): string {
    const memory = this.#types.memory(type);
    const name = `store_${space.trim().replace(/_/g, "")}_${memory}`;
    return this.need(
      name,
      () =>
        `static inline void ${name}(${space}${memory}* p, ${memory} v) { ${lines("(*p)", "v").join(" ")} }`,
    );
  }
}

function each<T>(type: MatrixType, make: (index: number) => T): T[] {
  return Array.from({ length: type.columns }, (_, index) => make(index));
}

/** `b`, or 1 where dividing `a` by it is not defined in C. */
function safeDivisor(type: Type): string {
  const signed = elementScalar(type) === i32;
  const lowest = "(-2147483647 - 1)";
  if (type.kind === "vector") {
    const bad = signed ? `(b == 0) | ((a == ${lowest}) & (b == -1))` : "b == 0u";
    return `select(b, (${signed ? "int" : "uint"}${type.size})(1), ${bad})`;
  }
  return signed ? `(b == 0 || (a == ${lowest} && b == -1) ? 1 : b)` : "(b == 0u ? 1u : b)";
}
