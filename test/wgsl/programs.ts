/** The signed integers of a random program; the unsigned ones, which also index and shift, are u32. */
export type SignedInteger = "i32" | "i64";

/** Random WGSL programs over integers: every construct whose meaning C leaves open, no races, always ending. */
export function randomProgram(seed: number, signed: SignedInteger = "i32"): string {
  return new Generator(seed, signed).program();
}

class Generator {
  #state: number;
  #names = 0;

  readonly #signed: SignedInteger;

  constructor(seed: number, signed: SignedInteger) {
    this.#signed = signed;
    this.#state = seed * 2654435761 + 1;
  }

  program(): string {
    const int = this.#signed;
    const body = Array.from({ length: 9 }, () => this.#statement(3)).join("\n");
    return `
struct Pair { a: ${int}, b: vec3<u32>, c: array<${int}, 3> }
@group(0) @binding(0) var<storage, read> given: array<${int}>;
@group(0) @binding(1) var<storage, read_write> out: array<${int}>;
var<private> shared_count: ${int} = 3;
var<private> minus: ${int} = -3;
var<private> largest: ${int} = ${int === "i64" ? "9223372036854775807" : "2147483647"};
var<private> some: ${int} = 12345;
var<private> three: u32 = 3u;
var<private> ones: u32 = 4294967295u;
var<private> odd: u32 = 2654435761u;
fn early(a: ${int}, b: u32) -> ${int} { if b > 100u { return a ^ ${int}(b); } shared_count += 1; return a - shared_count; }
fn touch(p: ptr<function, ${int}>, k: ${int}) -> bool { *p = *p * 3 + k; return (*p & 4) != 0; }
fn both(p: ptr<function, ${int}>, q: ptr<function, u32>) -> u32 { *p += 7; *q ^= u32(*p); return *q; }
fn changed(s: Pair, k: u32) -> Pair { var t = s; t.b[k % 3u] += 1u; t.c[k % 3u] = t.a; return t; }
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  var i = given[id.x];
  var u = u32(given[id.x + 1u]);
  var b = i > 0;
  var v = vec4<${int}>(i, 3, -i, ${int}(u));
  var list = array<${int}, 5>(1, 2, i, 4, ${int}(u));
  var pair = Pair(i, vec3<u32>(u, 1u, 2u), array<${int}, 3>(i, 5, 6));
${body}
  let at = id.x * 8u;
  out[at] = i; out[at + 1u] = ${int}(u); out[at + 2u] = ${int}(b); out[at + 3u] = v.x ^ v.y ^ v.z ^ v.w;
  out[at + 4u] = list[0] ^ list[1] ^ list[2] ^ list[3] ^ list[4];
  out[at + 5u] = pair.a ^ ${int}(pair.b.x ^ pair.b.y ^ pair.b.z); out[at + 6u] = pair.c[0] ^ pair.c[1] ^ pair.c[2]; out[at + 7u] = shared_count;
}`;
  }

  /** xorshift32, Marsaglia 2003. */
  #below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  #pick(...options: readonly (() => string)[]): string {
    return options[this.#below(options.length)]?.() ?? "";
  }

  #word(...words: readonly string[]): string {
    return words[this.#below(words.length)] ?? "";
  }

  #int(depth: number): string {
    if (depth === 0)
      return this.#word(
        "i",
        "v.x",
        "v.w",
        "list[2]",
        "pair.a",
        "pair.c[1]",
        "shared_count",
        "minus",
        "largest",
        "some",
      );
    const [int, uint] = [() => this.#int(depth - 1), () => this.#uint(depth - 1)];
    return this.#pick(
      () => `(${int()} ${this.#word("+", "-", "*", "/", "%", "&", "|", "^")} (${int()} | 1))`,
      () => `(${int()} ${this.#word("+", "-", "*", "&", "|", "^")} ${int()})`,
      () => `(${int()} ${this.#word("<<", ">>")} (${uint()} & 31u))`,
      () =>
        `${this.#word("-", "~", "abs", "countOneBits", "firstLeadingBit", "reverseBits", "sign")}(${int()})`,
      () => `${this.#word("min", "max")}(${int()}, ${int()})`,
      () => `select(${int()}, ${int()}, ${this.#bool(depth - 1)})`,
      () => `${this.#signed}(${uint()})`,
      () => `list[${uint()} % 5u]`,
      () => (this.#signed === "i64" ? `v[u32(${int()} & 3)]` : `v[${int()} & 3]`),
      () => `early(${int()}, ${uint()})`,
      () => `changed(pair, ${uint()}).c[${uint()} % 3u]`,
      () => `dot(vec2<${this.#signed}>(${int()}, ${int()}), vec2<${this.#signed}>(${int()}, 3))`,
      () =>
        this.#signed === "i64"
          ? `clamp(${int()}, -5, ${int()})`
          : `extractBits(${int()}, ${uint()} % 40u, 5u)`,
    );
  }

  #uint(depth: number): string {
    if (depth === 0) return this.#word("u", "pair.b.y", "pair.b.z", "id.x", "three", "ones", "odd");
    const uint = () => this.#uint(depth - 1);
    return this.#pick(
      () => `(${uint()} ${this.#word("+", "-", "*", "&", "|", "^")} ${uint()})`,
      () => `(${uint()} ${this.#word("/", "%")} (${uint()} & 15u))`,
      () => `(${uint()} ${this.#word("<<", ">>")} (${uint()} % 32u))`,
      () => `u32(${this.#int(depth - 1)})`,
      () => `u32(${this.#bool(depth - 1)})`,
      () => `${this.#word("~", "countLeadingZeros", "countTrailingZeros", "firstTrailingBit")}(${uint()})`,
      () => "both(&i, &u)",
      () => `insertBits(${uint()}, ${uint()}, 3u, ${uint()} % 20u)`,
    );
  }

  #bool(depth: number): string {
    if (depth === 0) return this.#word("b", "true", "(i < 5)", "(u > 9u)");
    return this.#pick(
      () =>
        `(${this.#int(depth - 1)} ${this.#word("<", "<=", ">", ">=", "==", "!=")} ${this.#int(depth - 1)})`,
      () => `(${this.#bool(depth - 1)} ${this.#word("&&", "||", "&", "|", "==")} ${this.#bool(depth - 1)})`,
      () => `!${this.#bool(depth - 1)}`,
      () => `touch(&i, ${this.#int(depth - 1)})`,
      () =>
        `${this.#word("any", "all")}(v.xy ${this.#word("<", "==", ">=")} vec2<${this.#signed}>(${this.#int(depth - 1)}))`,
    );
  }

  #statement(depth: number): string {
    const simple = [
      () =>
        `${this.#word("i", "v.y", "list[u % 5u]", "pair.a", "pair.c[u % 3u]", "shared_count")} ${this.#word("=", "+=", "-=", "*=", "^=", "|=")} ${this.#int(2)};`,
      () =>
        `${this.#word("u", "pair.b.x", "pair.b[u % 3u]")} ${this.#word("=", "+=", "&=", "^=")} ${this.#uint(2)};`,
      () => `b = ${this.#bool(2)};`,
      () => `v = vec4<${this.#signed}>(${this.#int(1)}, v.wzy) ${this.#word("+", "*", "^", "-")} v;`,
      () => `pair = changed(pair, ${this.#uint(1)});`,
      () => `_ = ${this.#int(2)};`,
      () => `{ let p = &list; (*p)[${this.#uint(1)} % 5u] ${this.#word("+=", "=")} ${this.#int(2)}; }`,
    ];
    if (depth === 0) return this.#pick(...simple);
    const block = () =>
      Array.from({ length: 1 + this.#below(3) }, () => this.#statement(depth - 1)).join("\n");
    const count = `n${++this.#names}`;
    return this.#pick(
      ...simple,
      () =>
        `if ${this.#bool(2)} {\n${block()}\n} else if ${this.#bool(1)} {\n${block()}\n} else {\n${block()}\n}`,
      () =>
        `for (var ${count} = 0; ${count} < 3; ${count}++) {\n${block()}\nif ${this.#bool(1)} { ${this.#word("continue", "break")}; }\n${block()}\n}`,
      () =>
        `var ${count} = 0; loop { if ${this.#bool(1)} { continue; }\n${block()}\ncontinuing { ${count}++; i ^= ${this.#signed}(${count}); break if ${count} >= 3; } }`,
      () =>
        `switch i32(${this.#int(1)} % 4) { case 0, 1: {\n${block()}\n} default: {\n${block()}\nif ${this.#bool(1)} { break; }\n${block()}\n} case 3: {\n${block()}\n} }`,
    );
  }
}
