import { seeded } from "../support/random.js";
import type { Given } from "./wide-inputs.js";
import {
  binaries,
  bitFunctions,
  comparisons,
  floatBits,
  fromFloat,
  nearestFloat,
  type Wide,
  wrap,
} from "./wide-oracle.js";

/** Random expressions over 64-bit integers: the WGSL text, and their value computed with bigints. */
export interface WideExpression {
  readonly text: string;
  readonly evaluate: (given: Given) => bigint;
}

type Scalar = "i64" | "u64" | "i32" | "u32" | "f32" | "bool";
type Value = bigint | number | boolean;

interface Node {
  readonly text: string;
  readonly evaluate: (given: Given) => Value;
}

const literals = [
  0n,
  1n,
  2n,
  3n,
  7n,
  10n,
  255n,
  1000n,
  65535n,
  65536n,
  65537n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 32n + 1n,
  10n ** 12n + 39n,
  2n ** 53n + 1n,
  2n ** 62n + 12345n,
  2n ** 63n - 1n,
];

export class WideGenerator {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** An expression of type u64. */
  next(depth: number): WideExpression {
    const node = this.#wide(this.#pick("i64", "u64"), depth);
    return {
      text: `u64(${node.text})`,
      evaluate: (given) => wrap("u64", node.evaluate(given)),
    };
  }

  #pick<T>(...options: readonly [T, ...T[]]): T {
    return options[Math.floor(this.#random() * options.length)] ?? options[0];
  }

  #key<T>(table: Readonly<Record<string, T>>): readonly [string, T] {
    const entries = Object.entries(table);
    return entries[Math.floor(this.#random() * entries.length)] ?? this.#key(table);
  }

  #literal(type: Wide, nonzero = false): { text: string; evaluate: () => bigint } {
    const size = literals[Math.floor(this.#random() * literals.length)] ?? 1n;
    const value = size === 0n && nonzero ? 5n : type === "i64" && this.#random() < 0.4 ? -size : size;
    return { text: value < 0n ? `(${value}li)` : `${value}l${type.charAt(0)}`, evaluate: () => value };
  }

  #wide(type: Wide, depth: number): { text: string; evaluate: (given: Given) => bigint } {
    const make = (text: string, evaluate: (given: Given) => bigint) => ({
      text,
      evaluate: (given: Given) => wrap(type, evaluate(given)),
    });
    if (depth === 0) {
      const name = type === "i64" ? this.#pick("a", "b") : this.#pick("c", "d");
      return { text: name, evaluate: (given) => given[name] };
    }
    const wide = (of: Wide = type) => this.#wide(of, this.#shallower(depth));
    const choices: (() => { text: string; evaluate: (given: Given) => bigint })[] = [
      () => this.#binary(type, depth),
      () => this.#binary(type, depth),
      () => this.#shift(type, depth),
      () => {
        const [[name, apply], x] = [this.#key(bitFunctions), wide()];
        return make(`${name}(${x.text})`, (given) => apply(x.evaluate(given)));
      },
      () => {
        const [no, yes, condition] = [wide(), wide(), this.#bool(depth)];
        return make(`select(${no.text}, ${yes.text}, ${condition.text})`, (given) =>
          (condition.evaluate(given) ? yes : no).evaluate(given),
        );
      },
      () => {
        const [name, x, y] = [this.#pick("min", "max"), wide(), wide()];
        return make(`${name}(${x.text}, ${y.text})`, (given) => {
          const [a, b] = [x.evaluate(given), y.evaluate(given)];
          return a < b === (name === "min") ? a : b;
        });
      },
      () => {
        const [x, low, high] = [wide(), wide(), wide()];
        return make(`clamp(${x.text}, ${low.text}, ${high.text})`, (given) => {
          const [value, least, most] = [x.evaluate(given), low.evaluate(given), high.evaluate(given)];
          const raised = value < least ? least : value;
          return raised < most ? raised : most;
        });
      },
      () => {
        const from = this.#pick<Scalar>(type === "i64" ? "u64" : "i64", "i32", "u32", "f32", "bool");
        const x = this.#scalar(from, depth);
        const convert = (value: Value) =>
          typeof value === "number" && from === "f32" ? fromFloat(type, value) : BigInt(value);
        return make(`${type}(${x.text})`, (given) => convert(x.evaluate(given)));
      },
      () => {
        const other = type === "i64" ? "u64" : "i64";
        const x = wide(other);
        return make(`bitcast<${type}>(${x.text})`, (given) => x.evaluate(given));
      },
      () => {
        const [x, y] = [this.#narrow("u32", depth), this.#narrow("u32", depth)];
        return make(
          `bitcast<${type}>(vec2<u32>(${x.text}, ${y.text}))`,
          (given) => BigInt(x.evaluate(given)) | (BigInt(y.evaluate(given)) << 32n),
        );
      },
      () => this.#vector(type, depth),
    ];
    if (type === "i64") {
      choices.push(() => {
        const [name, x] = [this.#pick("-", "~", "abs", "sign"), wide()];
        return make(`${name}(${x.text})`, (given) => {
          const value = x.evaluate(given);
          if (name === "-") return -value;
          if (name === "~") return ~value;
          const sign = value < 0n ? -1n : value > 0n ? 1n : 0n;
          return name === "abs" ? value * sign : sign;
        });
      });
    }
    return (choices[Math.floor(this.#random() * choices.length)] ?? choices[0] ?? wide)();
  }

  #shallower(depth: number): number {
    return this.#random() < 0.25 ? 0 : depth - 1;
  }

  #binary(type: Wide, depth: number): { text: string; evaluate: (given: Given) => bigint } {
    const [operator, apply] = this.#key(binaries);
    const left = this.#wide(type, this.#shallower(depth));
    const right =
      this.#random() < 0.3
        ? this.#literal(type, operator === "/" || operator === "%")
        : this.#wide(type, this.#shallower(depth));
    return {
      text: `(${left.text} ${operator} ${right.text})`,
      evaluate: (given) => wrap(type, apply(left.evaluate(given), right.evaluate(given))),
    };
  }

  #shift(type: Wide, depth: number): { text: string; evaluate: (given: Given) => bigint } {
    const operator = this.#pick("<<", ">>");
    const value = this.#wide(type, this.#shallower(depth));
    const fixed = this.#pick(0, 1, 8, 31, 32, 33, 63);
    const count: Node =
      this.#random() < 0.5
        ? { text: `${fixed}u`, evaluate: () => fixed }
        : this.#narrow("u32", Math.min(depth - 1, 1));
    return {
      text: `(${value.text} ${operator} ${count.text})`,
      evaluate: (given) => {
        const [x, by] = [value.evaluate(given), BigInt(Number(count.evaluate(given)) & 63)];
        return wrap(type, operator === "<<" ? x << by : x >> by);
      },
    };
  }

  #vector(type: Wide, depth: number): { text: string; evaluate: (given: Given) => bigint } {
    const size = this.#pick(2, 3, 4);
    const parts = () => Array.from({ length: size }, () => this.#wide(type, Math.min(1, depth - 1)));
    const [left, right] = [parts(), parts()];
    const text = (items: readonly Node[]) =>
      `vec${size}<${type}>(${items.map((item) => item.text).join(", ")})`;
    if (this.#random() < 0.4) {
      return {
        text: `dot(${text(left)}, ${text(right)})`,
        evaluate: (given) =>
          wrap(
            type,
            left.reduce(
              (sum, item, at) => sum + item.evaluate(given) * (right[at]?.evaluate(given) ?? 0n),
              0n,
            ),
          ),
      };
    }
    const [operator, apply] = this.#key(binaries);
    const at = Math.floor(this.#random() * size);
    const takesScalar = "+-*/%".includes(operator) && this.#random() < 0.6;
    const [x, y] = [left[at], takesScalar ? undefined : right[at]];
    const [scalar = this.#wide(type, 0)] = right;
    return {
      text: `(${text(left)} ${operator} ${y === undefined ? scalar.text : text(right)})${this.#random() < 0.5 ? `[(u & 0u) + ${at}u]` : `.${"xyzw".charAt(at)}`}`,
      evaluate: (given) => wrap(type, apply(x?.evaluate(given) ?? 0n, (y ?? scalar).evaluate(given))),
    };
  }

  #scalar(type: Scalar, depth: number): Node {
    if (type === "i64" || type === "u64") return this.#wide(type, this.#shallower(depth));
    return type === "bool" ? this.#bool(depth) : this.#narrow(type, depth);
  }

  #narrow(type: "i32" | "u32" | "f32", depth: number): { text: string; evaluate: (given: Given) => number } {
    const name = type === "i32" ? "i" : type === "u32" ? "u" : "f";
    if (depth <= 0 || this.#random() < 0.3) return { text: name, evaluate: (given) => given[name] };
    const x = this.#wide(this.#pick("i64", "u64"), this.#shallower(depth));
    return {
      text: `${type}(${x.text})`,
      evaluate: (given) => {
        const value = x.evaluate(given);
        if (type === "f32") return nearestFloat(value);
        return Number(type === "i32" ? BigInt.asIntN(32, value) : BigInt.asUintN(32, value));
      },
    };
  }

  #bool(depth: number): { text: string; evaluate: (given: Given) => boolean } {
    const type = this.#pick("i64", "u64");
    const left = this.#wide(type, this.#shallower(depth));
    if (this.#random() < 0.15)
      return { text: `bool(${left.text})`, evaluate: (given) => left.evaluate(given) !== 0n };
    const [operator, compare] = this.#key(comparisons);
    const right = this.#random() < 0.2 ? this.#literal(type) : this.#wide(type, this.#shallower(depth));
    return {
      text: `(${left.text} ${operator} ${right.text})`,
      evaluate: (given) => compare(left.evaluate(given), right.evaluate(given)),
    };
  }
}

/** Each operation by itself, on variables. */
export function everyOperation(): WideExpression[] {
  const made: WideExpression[] = [];
  const add = (text: string, evaluate: (given: Given) => bigint) =>
    made.push({ text: `u64(${text})`, evaluate: (given) => wrap("u64", evaluate(given)) });
  for (const [type, x, y] of [
    ["i64", "a", "b"],
    ["u64", "c", "d"],
  ] as const) {
    const two = (text: string, apply: (x: bigint, y: bigint) => bigint) =>
      add(text, (given) => wrap(type, apply(given[x], given[y])));
    for (const [operator, apply] of Object.entries(binaries)) two(`${x} ${operator} ${y}`, apply);
    for (const [operator, apply] of Object.entries(comparisons))
      two(`u64(${x} ${operator} ${y})`, (...args) => BigInt(apply(...args)));
    for (const [name, apply] of Object.entries(bitFunctions)) two(`${name}(${x})`, apply);
    add(`${x} << u`, (given) => wrap(type, given[x] << BigInt(given.u & 63)));
    add(`${x} >> u`, (given) => given[x] >> BigInt(given.u & 63));
    two(`min(${x}, ${y})`, (p, q) => (p < q ? p : q));
    two(`max(${x}, ${y})`, (p, q) => (p > q ? p : q));
    two(`abs(${x})`, (p) => (p < 0n ? -p : p));
    two(`~${x}`, (p) => ~p);
    add(`${type}(f)`, (given) => fromFloat(type, given.f));
    add(`${type}(i)`, (given) => BigInt(given.i));
    add(`${type}(u)`, (given) => BigInt(given.u));
    two(`u32(${x})`, (p) => BigInt.asUintN(32, p));
    two(`i32(${x})`, (p) => BigInt.asIntN(32, p));
    two(`bool(${x})`, (p) => BigInt(p !== 0n));
    two(`bitcast<u32>(f32(${x}))`, (p) => BigInt(floatBits(nearestFloat(p))));
    for (const count of [0, 1, 31, 32, 33, 63]) {
      two(`${x} << ${count}u`, (p) => p << BigInt(count));
      two(`${x} >> ${count}u`, (p) => p >> BigInt(count));
    }
  }
  add("-a", ({ a }) => -a);
  add("sign(a)", ({ a }) => (a < 0n ? -1n : a > 0n ? 1n : 0n));
  return made;
}
