import { type Node, node, type Root } from "./graph.ts";

/** What variables and the targets of pointer parameters hold at one point of a function: changes to an outer state. */
export class State {
  readonly #outer: State | undefined;
  readonly #repeats: boolean;
  readonly #changes = new Map<Root, Node>();

  constructor(outer?: State, repeats = false) {
    this.#outer = outer;
    this.#repeats = repeats;
  }

  get(root: Root): Node | undefined {
    const known = this.#changes.get(root);
    if (known !== undefined) return known;
    const value = this.#outer?.get(root);
    if (!this.#repeats || value === undefined) return value;
    const entry = node(value);
    this.#changes.set(root, entry);
    return entry;
  }

  set(root: Root, value: Node): void {
    this.#changes.set(root, value);
  }

  /** A state at the top of a loop: what is read there may come from an earlier turn. */
  loop(): State {
    return new State(this, true);
  }

  /** Lets what was read at the top of a loop come from its end, too. */
  repeat(end: State): void {
    for (const [root, entry] of this.#changes) entry.edges.push(end.get(root) ?? entry);
  }

  /** This state as it is now, as changes to `base`. */
  snapshot(base: State): State {
    const copy = new State(base);
    for (const root of this.#changedSince(base)) {
      const value = this.get(root);
      if (value !== undefined) copy.set(root, value);
    }
    return copy;
  }

  /** Writes to `target` what the paths that meet there hold, where it changed after this state, their common start. */
  join(paths: readonly State[], target: State = this, changes = paths): void {
    const changed = new Set(changes.flatMap((path) => [...path.#changedSince(this)]));
    for (const root of changed) {
      const values = [...new Set(paths.flatMap((path) => path.get(root) ?? []))];
      const [only] = values;
      if (only !== undefined) target.set(root, values.length > 1 ? node(...values) : only);
    }
  }

  #changedSince(base: State): Set<Root> {
    const changed = new Set<Root>();
    for (let state: State | undefined = this; state !== undefined && state !== base; state = state.#outer) {
      for (const root of state.#changes.keys()) changed.add(root);
    }
    return changed;
  }
}
