import { elementScalar, i32, i64, isWideInteger, type Type, type VectorType } from "../../types.ts";
import { literal } from "./literals.ts";
import type { CTypes } from "./types.ts";

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

  /** A helper by its result, name, parameters and statements. */
  define(name: string, result: string, parameters: string, body: () => string): string {
    return this.need(
      name,
      () => `${this.#types.dialect.inline}${result} ${name}(${parameters}) { ${body()} }`,
    );
  }

  /**
   * A function from values of one scalar or vector type to another: `body` sees the parameters by name. Vectors of 64-bit
   * integers go lane by lane: what comparisons of them give differs between languages.
   */
  generic(base: string, type: Type, parameters: string, body: (type: Type) => string): string {
    const t = this.#types.value(type);
    const names = parameters.split(" ");
    const list = names.map((name) => `${t} ${name}`).join(", ");
    const made =
      type.kind === "vector" && isWideInteger(type.element)
        ? () => this.#eachLane(this.generic(base, type.element, parameters, body), type, type, names)
        : () => body(type);
    return this.define(`${base}_${t}`, t, list, made);
  }

  /** A function of one value `x`, written for scalars. */
  lanewise(base: string, from: Type, to: Type, body: () => string): string {
    const t = this.#types.value(from);
    const made =
      from.kind === "vector" && to.kind === "vector"
        ? () => this.#eachLane(this.lanewise(base, from.element, to.element, body), from, to, ["x"])
        : body;
    return this.define(`${base}_${t}`, this.#types.value(to), `${t} x`, made);
  }

  #eachLane(scalar: string, from: VectorType, to: Type, names: readonly string[]): string {
    const { dialect } = this.#types;
    const lanes = Array.from(
      { length: from.size },
      (_, at) => `${scalar}(${names.map((name) => dialect.lane(name, at)).join(", ")})`,
    );
    return `return ${dialect.construct(this.#types.value(to), lanes)};`;
  }

  /** WGSL's integer division: by zero gives the dividend, the lowest integer / -1 gives itself. */
  divide(type: Type): string {
    return this.generic("divide", type, "a b", (part) => `return a / ${this.#safeDivisor(part)};`);
  }

  /** WGSL's integer remainder: by zero and lowest % -1 give zero. */
  remainder(type: Type): string {
    return this.generic("remainder", type, "a b", (part) => `return a % ${this.#safeDivisor(part)};`);
  }

  /** `b`, or 1 where dividing `a` by it is not defined in C. */
  #safeDivisor(type: Type): string {
    const scalar = elementScalar(type);
    const signed = scalar === i32 || scalar === i64;
    const lowest = scalar === i64 ? literal(this.#types, i64, -(2n ** 63n)) : "(-2147483647 - 1)";
    if (type.kind === "vector") {
      const bad = signed ? `(b == 0) | ((a == ${lowest}) & (b == -1))` : "b == 0u";
      return `select(b, ${this.#types.dialect.construct(this.#types.value(type), ["1"])}, ${bad})`;
    }
    return signed ? `(b == 0 || (a == ${lowest} && b == -1) ? 1 : b)` : "(b == 0u ? 1u : b)";
  }

  /** One lane of a vector by a run-time index. */
  lane(type: VectorType): string {
    const lane = this.#types.lane(type.element);
    const t = this.#types.value(type);
    return this.define(`lane_${t}`, lane, `${t} v, uint i`, () =>
      this.#types.dialect.dynamicLane(lane, type.size),
    );
  }

  /** Floats become the nearest value that both types hold, as Dawn does; NaN becomes the lowest. */
  saturate(from: Type, to: Type): string {
    const { dialect } = this.#types;
    const t = this.#types.value(from);
    const target = this.#types.value(to);
    const [low, high] = bounds(elementScalar(from)?.name === "f64", elementScalar(to)?.name ?? "");
    const plain = elementScalar(from)?.name === "f32" && !isWideInteger(elementScalar(to) ?? i32);
    const name = plain ? `to_${target}` : `to_${target}_${t}`;
    const limit = (value: string) =>
      dialect.construct(t, [elementScalar(from)?.name === "f64" ? value : `${value}f`]);
    return this.define(
      name,
      target,
      `${t} x`,
      () => `return ${dialect.convert(target, `fmin(fmax(x, ${limit(low)}), ${limit(high)})`)};`,
    );
  }

  /** Stores a composite without touching the padding between its parts. */
  store(type: Type, space: string, lines: (target: string, value: string) => string[]): string {
    const memory = this.#types.memory(type);
    const name = `store_${space.trim().replace(/_/g, "")}_${memory}`;
    return this.define(name, "void", `${space}${memory}* p, ${memory} v`, () => lines("(*p)", "v").join(" "));
  }
}

/** The lowest and highest integers of a type that f32 or f64 holds. */
function bounds(double: boolean, target: string): readonly [string, string] {
  switch (target) {
    case "u32":
      return ["0.0", double ? "4294967295.0" : "4294967040.0"];
    case "i64":
      return ["-9223372036854775808.0", double ? "9223372036854774784.0" : "9223371487098961920.0"];
    case "u64":
      return ["0.0", double ? "18446744073709549568.0" : "18446742974197923840.0"];
    default:
      return ["-2147483648.0", double ? "2147483647.0" : "2147483520.0"];
  }
}
