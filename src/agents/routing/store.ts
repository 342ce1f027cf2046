import { AikoError } from "../../errors.ts";
import { closeRow, type Space } from "./space.ts";

/** Rows that stand together, and what belongs to them. Copied before it changes while a search reads it. */
export interface Block {
  readonly data: Float32Array;
  /** When each row came: ties go to who came first. */
  readonly order: Float64Array;
  readonly names: string[];
  readonly tags: (readonly string[])[];
  /** Searches that read it. */
  pins: number;
}

/** The rows as they are at one moment. */
export interface Snapshot extends Disposable {
  readonly space: Space;
  readonly blocks: readonly Block[];
  readonly blockRows: number;
  readonly rows: number;
  /** At least the length of the longest row. */
  readonly longest: number;
}

/** Rows in one piece for devices: changes are uploaded by the page. */
export const pageRows = 64;
const mostBlockRows = 8192;
const blockNumbers = 1 << 21;

/** Named vectors, dense: the last row moves into the gap that a removed one leaves. */
export class VectorStore {
  readonly space: Space;
  readonly blockRows: number;
  readonly #places = new Map<string, number>();
  readonly #watchers = new Set<Set<number>>();
  #blocks: Block[] = [];
  #longest = 0;
  #sequence = 0;

  constructor(space: Space) {
    this.space = space;
    const rows = Math.floor(blockNumbers / space.inner / pageRows) * pageRows;
    this.blockRows = Math.min(mostBlockRows, Math.max(pageRows, rows));
  }

  get size(): number {
    return this.#places.size;
  }

  placeOf(name: string): number | undefined {
    return this.#places.get(name);
  }

  names(): IterableIterator<string> {
    return this.#places.keys();
  }

  tagsOf(name: string): readonly string[] {
    const place = this.#places.get(name);
    return place === undefined ? [] : (this.#block(place).tags[place % this.blockRows] ?? []);
  }

  vectorOf(place: number): Float32Array {
    const start = (place % this.blockRows) * this.space.inner;
    return this.#block(place).data.slice(start, start + this.space.dimensions);
  }

  /**
   * Adds a row or replaces the one of that name, which keeps its place in the order. `row` has room for `inner` numbers, of
   * which the vector is written; `length` is the vector's.
   */
  put(name: string, row: Float32Array, length: number, tags: readonly string[] | undefined): void {
    const { space, blockRows } = this;
    closeRow(space, row, 0);
    const known = this.#places.get(name);
    const place = known ?? this.size;
    if (known === undefined && place === this.#blocks.length * blockRows) this.#blocks.push(this.#newBlock());
    const block = this.#writable(place);
    const at = place % blockRows;
    block.data.set(row, at * space.inner);
    if (known === undefined) block.order[at] = this.#sequence++;
    block.names[at] = name;
    if (tags !== undefined || known === undefined) block.tags[at] = [...(tags ?? [])];
    this.#places.set(name, place);
    this.#longest = Math.max(this.#longest, length);
    this.#changed(place);
  }

  /** Whether there was one. */
  remove(name: string): boolean {
    const place = this.#places.get(name);
    if (place === undefined) return false;
    const last = this.size - 1;
    if (place !== last) this.#move(last, place);
    this.#places.delete(name);
    const block = this.#writable(last);
    block.names.length = last % this.blockRows;
    block.tags.length = last % this.blockRows;
    if (last % this.blockRows === 0) this.#blocks.pop();
    if (this.size === 0) this.#longest = 0;
    return true;
  }

  /** The pages that change from now on. */
  watch(pages: Set<number>): void {
    this.#watchers.add(pages);
  }

  unwatch(pages: Set<number>): void {
    this.#watchers.delete(pages);
  }

  snapshot(): Snapshot {
    const blocks = [...this.#blocks];
    for (const block of blocks) block.pins++;
    let open = true;
    return {
      space: this.space,
      blocks,
      blockRows: this.blockRows,
      rows: this.size,
      longest: this.#longest,
      [Symbol.dispose]: () => {
        if (open) for (const block of blocks) block.pins--;
        open = false;
      },
    };
  }

  #move(from: number, to: number): void {
    const { blockRows, space } = this;
    const source = this.#block(from);
    const target = this.#writable(to);
    const [at, into] = [from % blockRows, to % blockRows];
    const row = source.data.subarray(at * space.inner, (at + 1) * space.inner);
    target.data.set(row, into * space.inner);
    target.order[into] = source.order[at] as number;
    const name = source.names[at] as string;
    target.names[into] = name;
    target.tags[into] = source.tags[at] ?? [];
    this.#places.set(name, to);
    this.#changed(to);
  }

  #changed(place: number): void {
    for (const pages of this.#watchers) pages.add(Math.floor(place / pageRows));
  }

  #block(place: number): Block {
    const block = this.#blocks[Math.floor(place / this.blockRows)];
    if (block !== undefined) return block;
    throw new AikoError("INTERNAL", { message: `A router of ${this.size} rows has no row ${place}` });
  }

  #writable(place: number): Block {
    const block = this.#block(place);
    if (block.pins === 0) return block;
    const copy: Block = {
      data: block.data.slice(),
      order: block.order.slice(),
      names: [...block.names],
      tags: [...block.tags],
      pins: 0,
    };
    this.#blocks[Math.floor(place / this.blockRows)] = copy;
    return copy;
  }

  #newBlock(): Block {
    return {
      data: new Float32Array(this.blockRows * this.space.inner),
      order: new Float64Array(this.blockRows),
      names: [],
      tags: [],
      pins: 0,
    };
  }
}
