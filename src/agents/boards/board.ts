import { AikoError } from "../../errors.ts";
import type { BoardForm, FieldType } from "../../kernels/boards/index.ts";
import type { Storage } from "../../matrix/storage.ts";
import { checkFields, type Fields } from "./fields.ts";

export interface BoardOptions<F extends Fields> {
  /** What a message holds, besides its place. */
  readonly fields?: F | undefined;
  /** Keeps its messages between steps and runs, until they are written anew. Default false: each step starts empty. */
  readonly persistent?: boolean | undefined;
  /** More messages at once are an error, OVERFLOW. Default: what memory holds. */
  readonly capacity?: number | undefined;
  /**
   * An agent that would see more messages than this is an error, OVERFLOW: a million agents in one cell would keep a device
   * busy for hours. Default 65,536; no limit for brute force.
   */
  readonly limit?: number | undefined;
  /** For messages of errors. */
  readonly name?: string | undefined;
}

/** Messages that are kept, in the order of their cells. */
export interface KeptMessages {
  readonly storage: Storage<"u32">;
  readonly count: number;
}

/** Where agents write messages and read those that concern them. Made by `spatialBoard` and its siblings. */
export class Board<F extends Fields = Fields> implements Disposable {
  readonly fields: F;
  readonly name: string;
  /** Fields that place a message; they are the first. */
  readonly place: readonly string[];
  readonly columns: readonly string[];
  readonly types: readonly FieldType[];
  readonly form: BoardForm;
  readonly persistent: boolean;
  readonly capacity: number;
  /** @internal Of graphs: row starts, targets, weights. */
  readonly edges: Storage<"u32"> | undefined;
  #kept: KeptMessages | undefined;

  /** @internal */
  constructor(form: BoardForm, place: Fields, options: BoardOptions<Fields>, edges?: Storage<"u32">) {
    const { fields = {}, persistent = false, capacity = Number.POSITIVE_INFINITY } = options;
    const { name = `the ${form.kind} board` } = options;
    checkFields(fields, `Messages of ${name}`, Object.keys(place));
    const whole = (value: number) => Number.isInteger(value) && value >= 1;
    if (capacity !== Number.POSITIVE_INFINITY && !whole(capacity)) {
      throw new AikoError("INVALID_ARGUMENT", { message: `${name} cannot have a capacity of ${capacity}` });
    }
    if (form.limit !== Number.POSITIVE_INFINITY && !whole(form.limit)) {
      throw new AikoError("INVALID_ARGUMENT", { message: `${name} cannot have a limit of ${form.limit}` });
    }
    this.fields = { ...place, ...fields } as unknown as F;
    this.name = name;
    this.place = Object.keys(place);
    this.columns = Object.keys(this.fields);
    this.types = Object.values(this.fields);
    this.form = form;
    this.persistent = persistent;
    this.capacity = capacity;
    this.edges = edges;
  }

  /** How many messages it keeps between runs. */
  get count(): number {
    return this.#kept?.count ?? 0;
  }

  /** @internal */
  get kept(): KeptMessages | undefined {
    return this.#kept;
  }

  /** @internal */
  keep(kept: KeptMessages | undefined): void {
    if (kept?.storage !== this.#kept?.storage) this.#kept?.storage.dispose();
    this.#kept = kept;
  }

  dispose(): void {
    this.#kept?.storage.dispose();
    this.#kept = undefined;
    this.edges?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const most = 65_536;

/** What forms have in common. */
export function baseForm(
  kind: BoardForm["kind"],
  options: { readonly limit?: number | undefined },
): BoardForm {
  return {
    kind,
    dimensions: 1,
    cells: [1, 1, 1],
    reach: [0, 0, 0],
    wrap: false,
    neighbourhood: "moore",
    own: true,
    origin: [],
    cellsPerUnit: [],
    period: [],
    radius: 0,
    vertices: 0,
    edges: 0,
    limit: options.limit ?? (kind === "brute" ? Number.POSITIVE_INFINITY : most),
  };
}
