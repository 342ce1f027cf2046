import { type Expression, nodesOf, type ScalarType } from "../../expression/expression.ts";
import { type Constant, constantText, functionsText, toWgsl, wordsOf } from "../../expression/wgsl.ts";
import type { FixedPhysical } from "./column.ts";

/** How an input is read: the physical type of a column, or a bit of a table by the codes of rows. */
export type InputForm =
  | { readonly physical: FixedPhysical }
  | { readonly physical: "table"; readonly codes: number };

/** One array to write: values, high words beside them, or a bitmap. */
export interface OutputForm {
  readonly physical: FixedPhysical;
  readonly value: Expression;
  readonly high?: Expression | undefined;
}

export interface RowsForm {
  /** By slot; those that the expressions read are declared. */
  readonly inputs: readonly InputForm[];
  readonly outputs: readonly OutputForm[];
  readonly errors: readonly Expression[];
  readonly isLong: boolean;
  /** Whether two loops may be written where one is enough. */
  readonly isUnrolled: boolean;
}

export interface RowsText {
  readonly text: string;
  readonly constants: readonly Constant[];
  /** Slots whose values, and whose validity, the text declares. */
  readonly values: ReadonlySet<number>;
  readonly validities: ReadonlySet<number>;
}

/**
 * Up to so many lines, whole words of rows get a loop of their own: a constant count of rows makes simple filters 1.4 times
 * as fast on PoCL; longer ones wait for arithmetic, and would be compiled twice, which takes Mesa seconds.
 */
const shortLines = 24;

/** Words of the parameters before the constants: rows, and words of bitmaps a thread. */
export const headWords = 2;

export function rowsText(form: RowsForm): RowsText {
  return new RowsWriter(form).write();
}

const storage: Readonly<Partial<Record<FixedPhysical, string>>> = {
  i32: "i32",
  u32: "u32",
  i64: "i64",
  u64: "u64",
  f32: "f32",
  f64: "f64",
  i128: "u64",
};

/** Bits of a row where they are fewer than 32. */
function narrowBits(physical: FixedPhysical): 0 | 1 | 8 | 16 {
  if (physical === "bits") return 1;
  return physical === "i8" || physical === "u8" ? 8 : physical === "i16" || physical === "u16" ? 16 : 0;
}

const loads: Readonly<Partial<Record<FixedPhysical, (word: string) => string>>> = {
  i8: (word) => `i32((${word} >> ((i & 3u) * 8u)) << 24u) >> 24u`,
  u8: (word) => `(${word} >> ((i & 3u) * 8u)) & 0xffu`,
  i16: (word) => `i32((${word} >> ((i & 1u) * 16u)) << 16u) >> 16u`,
  u16: (word) => `(${word} >> ((i & 1u) * 16u)) & 0xffffu`,
  bits: (word) => `((${word} >> (i & 31u)) & 1u) != 0u`,
};

class RowsWriter {
  readonly #form: RowsForm;
  readonly #values = new Set<number>();
  readonly #validities = new Set<number>();
  readonly #lets = new Map<string, string>();
  #words = headWords;

  constructor(form: RowsForm) {
    this.#form = form;
  }

  write(): RowsText {
    const { outputs, errors, isLong } = this.#form;
    const roots = [
      ...outputs.flatMap(({ value, high }) => (high === undefined ? [value] : [value, high])),
      ...errors,
    ];
    const code = toWgsl(roots, {
      input: (index, type) => this.#input(index, type),
      constant: (_, type) => {
        const at = this.#words;
        this.#words += wordsOf(type);
        return constantText(type, wordsOf(type) === 1 ? [word(at)] : [word(at), word(at + 1)]);
      },
    });
    let at = 0;
    const stored = outputs.map(({ high }) => {
      const value = code.results[at++] ?? "";
      return { value, high: high === undefined ? "" : (code.results[at++] ?? "") };
    });
    const failures = code.results.slice(at);
    const body = [...this.#lets.values(), code.body].join("\n");
    const text = [
      `@group(0) @binding(0) var<uniform> parameters: array<vec4<u32>, ${Math.ceil(this.#words / 4)}>;`,
      ...this.#declarations(roots),
      functionsText(code),
      isLong ? this.#long(body, stored, failures) : this.#short(body, stored, failures),
    ].join("\n");
    return { text, constants: code.constants, values: this.#values, validities: this.#validities };
  }

  /** The name of what is read for a scalar input; its `let` comes before the body. */
  #input(index: number, type: ScalarType): string {
    const slot = Math.floor(index / 3);
    const part = (["value", "high", "valid"] as const)[index % 3] ?? "value";
    const name = `${part}_${slot}`;
    if (!this.#lets.has(name)) this.#lets.set(name, `let ${name} = ${this.#load(slot, part, type)};`);
    return name;
  }

  #load(slot: number, part: "value" | "high" | "valid", type: ScalarType): string {
    if (part === "valid") {
      this.#validities.add(slot);
      return `((validity_${slot}[i >> 5u] >> (i & 31u)) & 1u) != 0u`;
    }
    this.#values.add(slot);
    const form = this.#form.inputs[slot] ?? { physical: "u32" };
    if (form.physical === "table") {
      this.#values.add(form.codes);
      const code = `input_${form.codes}[i]`;
      return `((input_${slot}[${code} >> 5u] >> (${code} & 31u)) & 1u) != 0u`;
    }
    if (form.physical === "i128") {
      return part === "high" ? `bitcast<i64>(input_${slot}[2u * i + 1u])` : `input_${slot}[2u * i]`;
    }
    const bits = narrowBits(form.physical);
    if (bits === 0) return type === "f64" || type === "u64" ? `input_${slot}[i]` : `input_${slot}[i]`;
    const shift = bits === 1 ? 5 : bits === 8 ? 2 : 1;
    return loads[form.physical]?.(`input_${slot}[i >> ${shift}u]`) ?? "";
  }

  #declarations(roots: readonly Expression[]): readonly string[] {
    const { inputs, outputs, errors } = this.#form;
    const asBits = new Set(
      nodesOf(roots).flatMap((node) =>
        node.kind === "input" && node.type === "u64" ? [Math.floor(node.index / 3)] : [],
      ),
    );
    const lines: string[] = [];
    let binding = 1;
    const declare = (name: string, type: string, access: string) =>
      lines.push(`@group(0) @binding(${binding++}) var<storage, ${access}> ${name}: array<${type}>;`);
    for (const slot of [...this.#values].sort((a, b) => a - b)) {
      const physical = inputs[slot]?.physical ?? "u32";
      const type = physical === "table" ? "u32" : (storage[physical] ?? "u32");
      declare(`input_${slot}`, type === "f64" && asBits.has(slot) ? "u64" : type, "read");
    }
    for (const slot of [...this.#validities].sort((a, b) => a - b))
      declare(`validity_${slot}`, "u32", "read");
    outputs.forEach(({ physical, value }, at) => {
      const type = storage[physical] ?? "u32";
      declare(`output_${at}`, type === "f64" ? value.type : type, "read_write");
    });
    if (errors.length > 0) declare("errors", "atomic<u32>", "read_write");
    return lines;
  }

  #fails(failures: readonly string[]): string {
    return failures.map((each) => `failed |= ${each};`).join("\n");
  }

  #wholeStores(stored: readonly Stored[]): string {
    return this.#form.outputs
      .map(({ physical }, at) => {
        const { value = "", high = "" } = stored[at] ?? {};
        if (narrowBits(physical) > 0) return "";
        if (physical !== "i128") return `output_${at}[i] = ${value};`;
        return `output_${at}[2u * i] = ${value};\noutput_${at}[2u * i + 1u] = bitcast<u64>(${high});`;
      })
      .filter((line) => line !== "")
      .join("\n");
  }

  /** A thread owns 32 rows at a time: whole words of every output. */
  #long(body: string, stored: readonly Stored[], failures: readonly string[]): string {
    const { outputs } = this.#form;
    const bits = outputs.flatMap(({ physical }, at) => (physical === "bits" ? [at] : []));
    const bytes = outputs.flatMap(({ physical }, at) => (narrowBits(physical) > 1 ? [at] : []));
    const isShort = this.#form.isUnrolled && body.split("\n").length <= shortLines;
    const rows = (limit: string) => `
    ${bits.map((at) => `var bits_${at} = 0u;`).join("\n")}
    for (var b = 0u; b < ${limit}; b++) {
      let i = base + b;
      ${body}
      ${this.#wholeStores(stored)}
      ${bits.map((at) => `bits_${at} |= select(0u, 1u << b, ${stored[at]?.value});`).join("\n")}
      ${this.#fails(failures)}
    }
    ${bits.map((at) => `output_${at}[word] = bits_${at};`).join("\n")}
    ${bytes.map((at) => this.#packed(at, body, stored[at]?.value ?? "", limit)).join("\n")}`;
    return `@compute @workgroup_size(1)
fn evaluate(@builtin(workgroup_id) id: vec3<u32>) {
  let rows = ${word(0)};
  let last = min((id.x + 1u) * ${word(1)}, (rows + 31u) / 32u);
  var failed = 0u;
  for (var word = id.x * ${word(1)}; word < last; word++) {
    let base = (word * 32u) & 0x7fffffe0u;
${isShort ? `if (base + 32u <= rows) {\n${rows("32u")}\n} else {\nlet left = rows - base;\n${rows("left")}\n}` : `let left = min(32u, rows - base);\n${rows("left")}`}
  }
  ${failures.length > 0 ? "if (failed != 0u) { atomicOr(&errors[0], failed); }" : ""}
}`;
  }

  #packed(at: number, body: string, value: string, limit: string): string {
    const { physical } = this.#form.outputs[at] ?? { physical: "u8" };
    const bits = narrowBits(physical);
    const per = 32 / bits;
    return `for (var group = 0u; group < (${limit} + ${per - 1}u) / ${per}u; group++) {
      var packed = 0u;
      for (var part = 0u; part < min(${per}u, ${limit} - group * ${per}u); part++) {
        let i = base + group * ${per}u + part;
        ${body}
        packed |= ${masked(value, bits)} << (part * ${bits}u);
      }
      output_${at}[word * ${bits}u + group] = packed;
    }`;
  }

  /** A thread owns a row; what is narrower than a word is put together in the workgroup's memory. */
  #short(body: string, stored: readonly Stored[], failures: readonly string[]): string {
    const { outputs } = this.#form;
    const narrow = outputs.flatMap(({ physical }, at) => {
      const bits = narrowBits(physical);
      return bits === 0 ? [] : [{ at, bits, words: (256 * bits) / 32 }];
    });
    return `${narrow.map(({ at, words }) => `var<workgroup> packed_${at}: array<atomic<u32>, ${words}>;`).join("\n")}
@compute @workgroup_size(256)
fn evaluate(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let rows = ${word(0)};
  let first = (group.x + group.y * groups.x) * 256u;
  let i = first + local;
  ${narrow.map(({ at, words }) => `if (local < ${words}u) { atomicStore(&packed_${at}[local], 0u); }`).join("\n")}
  ${narrow.length > 0 ? "workgroupBarrier();" : ""}
  if (i < rows) {
    var failed = 0u;
    ${body}
    ${this.#wholeStores(stored)}
    ${narrow.map(({ at, bits }) => `atomicOr(&packed_${at}[local * ${bits}u / 32u], ${masked(stored[at]?.value ?? "", bits)} << (local * ${bits}u % 32u));`).join("\n")}
    ${this.#fails(failures)}
    ${failures.length > 0 ? "if (failed != 0u) { atomicOr(&errors[0], failed); }" : ""}
  }
  ${narrow.length > 0 ? "workgroupBarrier();" : ""}
  ${narrow.map(({ at, bits, words }) => `if (local < ${words}u && first + local * ${32 / bits}u < rows) { output_${at}[first * ${bits}u / 32u + local] = atomicLoad(&packed_${at}[local]); }`).join("\n")}
}`;
  }
}

interface Stored {
  readonly value: string;
  readonly high: string;
}

function masked(value: string, bits: number): string {
  return bits === 1 ? `u32(${value})` : `(u32(${value}) & ${2 ** bits - 1}u)`;
}

function word(at: number): string {
  return `parameters[${at >> 2}].${"xyzw"[at & 3]}`;
}
