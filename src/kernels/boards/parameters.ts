/** Named words of one uniform: kernels read them by the text that `add` gives, dispatches fill them by name. */
export class Parameters {
  readonly #names = new Map<string, number>();

  /** The text of a word, of type u32. */
  add(name: string): string {
    const known = this.#names.get(name);
    const at = known ?? this.#names.size;
    if (known === undefined) this.#names.set(name, at);
    return `parameters[${at >> 2}].${"xyzw"[at & 3]}`;
  }

  f32(name: string): string {
    return `bitcast<f32>(${this.add(name)})`;
  }

  i32(name: string): string {
    return `bitcast<i32>(${this.add(name)})`;
  }

  /** To be called when every name has been added. */
  declaration(): string {
    const rows = Math.max(1, Math.ceil(this.#names.size / 4));
    return `@group(0) @binding(0) var<uniform> parameters: array<vec4<u32>, ${rows}>;`;
  }

  /** Names that were not added are passed over: the text does not need them. */
  pack(values: Readonly<Record<string, number>>): Uint32Array {
    const words = new Uint32Array(Math.max(4, Math.ceil(this.#names.size / 4) * 4));
    for (const [name, at] of this.#names) words[at] = values[name] ?? 0;
    return words;
  }
}
