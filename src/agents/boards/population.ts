import { AikoError } from "../../errors.ts";
import type { FieldType } from "../../kernels/boards/index.ts";
import { allocateHostArray } from "../../matrix/host-memory.ts";
import { Storage } from "../../matrix/storage.ts";
import { checkedColumn, checkFields, type FieldArray, type Fields, viewWords } from "./fields.ts";

export interface PopulationOptions<F extends Fields> {
  readonly count: number;
  readonly fields: F;
  /** Numbers for each agent, or one for all. Default 0. */
  readonly values?: { readonly [K in keyof F]?: ArrayLike<number> | number } | undefined;
  /** More agents than this are an error, OVERFLOW. Default: what memory holds. */
  readonly capacity?: number | undefined;
  /** For messages of errors. */
  readonly name?: string | undefined;
}

const mostWords = 2 ** 31;

/**
 * Agents of one kind. Each has the fields, and `id`, which no other agent gets: 0 for the first. They live in device
 * memory between runs, a column a field.
 */
export class Population<F extends Fields = Fields> implements Disposable {
  readonly fields: F;
  readonly name: string;
  /** Names of the columns; `id` is the first. */
  readonly columns: readonly string[];
  readonly types: readonly FieldType[];
  readonly capacity: number;
  #storage: Storage<"u32">;
  #count: number;
  #nextId: number;
  #busy = false;

  /** Throws INVALID_ARGUMENT for a count, fields or values that do not go together. */
  constructor({ count, fields, values = {}, name = "agents", ...rest }: PopulationOptions<F>) {
    checkFields(fields, name, ["id"]);
    this.fields = fields;
    this.name = name;
    this.columns = ["id", ...Object.keys(fields)];
    this.types = ["u32", ...Object.values(fields)];
    if (!(Number.isSafeInteger(count) && count >= 0 && count * this.columns.length < mostWords)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `There cannot be ${count} ${name} of ${this.columns.length} fields`,
        hint: "All fields of all agents together are below 2^31.",
      });
    }
    this.capacity = rest.capacity ?? Math.floor(mostWords / this.columns.length);
    this.checkCount(count);
    const unknown = Object.keys(values).find((key) => !Object.hasOwn(fields, key));
    if (unknown !== undefined) {
      throw new AikoError("INVALID_ARGUMENT", { message: `${name} have no field "${unknown}"` });
    }
    const words = allocateHostArray("u32", count * this.columns.length).fill(0);
    for (let agent = 0; agent < count; agent++) words[agent] = agent;
    for (const [at, key] of Object.keys(fields).entries()) {
      const given = values[key];
      const type = fields[key] as FieldType;
      const into = viewWords(words, (at + 1) * count, count, type);
      if (given !== undefined) checkedColumn(given, into, type, key);
    }
    this.#storage = Storage.onHost(words, "u32");
    this.#count = count;
    this.#nextId = count;
  }

  get count(): number {
    return this.#count;
  }

  /** @internal */
  get storage(): Storage<"u32"> {
    return this.#storage;
  }

  /** @internal */
  get nextId(): number {
    return this.#nextId;
  }

  /** The values of a field, or of `id`, in the order of the agents: a copy. */
  async read<K extends (keyof F & string) | "id">(
    field: K,
  ): Promise<FieldArray<K extends keyof F ? F[K] : "u32">> {
    const at = this.columns.indexOf(field);
    if (at < 0) throw new AikoError("INVALID_ARGUMENT", { message: `${this.name} have no field "${field}"` });
    const count = this.#count;
    const words = await this.#storage.host();
    const view = viewWords(words, at * count, count, this.types[at] ?? "u32");
    return view.slice() as FieldArray<K extends keyof F ? F[K] : "u32">;
  }

  /** @internal Throws OVERFLOW for more than there may be. */
  checkCount(count: number): void {
    if (count <= this.capacity) return;
    throw new AikoError("OVERFLOW", {
      message: `There would be ${count} ${this.name}, and there may be ${this.capacity}`,
      hint: "Let fewer be born or more die, or raise the capacity.",
    });
  }

  /** @internal One run at a time; the new agents come when it has succeeded. Throws INVALID_ARGUMENT while another runs. */
  begin(): void {
    if (this.#busy) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `The ${this.name} are in another run that has not ended`,
        hint: "Await it first.",
      });
    }
    this.#busy = true;
  }

  /** @internal */
  end(): void {
    this.#busy = false;
  }

  /** @internal */
  replace(storage: Storage<"u32">, count: number, nextId: number): void {
    const old = this.#storage;
    this.#storage = storage;
    this.#count = count;
    this.#nextId = nextId;
    if (old !== storage) old.dispose();
  }

  dispose(): void {
    this.#storage.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** See `Population`. */
export function population<F extends Fields>(options: PopulationOptions<F>): Population<F> {
  return new Population(options);
}
