/** Gives WGSL names to C: a trailing underscore keeps clear of C's keywords, OpenCL's functions and our helpers. */
export class Names {
  readonly #taken: Set<string>;
  readonly #names = new Map<object, string>();
  #temporaries = 0;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  of(entity: object, name: string): string {
    const known = this.#names.get(entity);
    if (known !== undefined) return known;
    const plain = mangle(name);
    let unique = plain;
    for (let count = 2; this.#taken.has(unique); count++) unique = `${plain}${count}_`;
    this.#taken.add(unique);
    this.#names.set(entity, unique);
    return unique;
  }

  /** Entities in the order they were first named, so that callers and callees agree. */
  ordered<T extends object>(entities: ReadonlySet<T>): T[] {
    return [...this.#names.keys()].filter((entity): entity is T => entities.has(entity as T));
  }

  temporary(): string {
    return `t${++this.#temporaries}`;
  }

  /** A scope for one function: its names differ from these, too. */
  inner(): Names {
    const names = new Names(this.#taken);
    for (const [entity, name] of this.#names) names.#names.set(entity, name);
    return names;
  }
}

export function mangle(name: string): string {
  const ascii = name.replace(/[^A-Za-z0-9_]/gu, (letter) => `u${(letter.codePointAt(0) ?? 0).toString(16)}`);
  return `${ascii}_`;
}
