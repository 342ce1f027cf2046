class Node<T> {
  readonly values = new Set<T>();
  readonly children = new Map<string, Node<T>>();
}

/** Finds the patterns that a topic matches without looking at the others: one step a word. */
export class TopicTrie<T> {
  readonly #root = new Node<T>();

  add(pattern: string, value: T): void {
    let node = this.#root;
    for (const word of pattern.split(".")) {
      let next = node.children.get(word);
      if (next === undefined) {
        next = new Node();
        node.children.set(word, next);
      }
      node = next;
    }
    node.values.add(value);
  }

  remove(pattern: string, value: T): void {
    const path = [this.#root];
    const words = pattern.split(".");
    for (const word of words) {
      const next = path.at(-1)?.children.get(word);
      if (next === undefined) return;
      path.push(next);
    }
    path.at(-1)?.values.delete(value);
    for (let at = words.length; at > 0; at--) {
      const node = path[at];
      if (node === undefined || node.values.size > 0 || node.children.size > 0) return;
      path[at - 1]?.children.delete(words[at - 1] ?? "");
    }
  }

  match(topic: string): T[] {
    const found: T[] = [];
    collect(this.#root, topic.split("."), 0, found);
    return found;
  }
}

function collect<T>(node: Node<T>, words: readonly string[], at: number, found: T[]): void {
  if (at === words.length) {
    addAll(node, found);
    return;
  }
  const rest = node.children.get(">");
  if (rest !== undefined) addAll(rest, found);
  const any = node.children.get("*");
  if (any !== undefined) collect(any, words, at + 1, found);
  const same = node.children.get(words[at] ?? "");
  if (same !== undefined) collect(same, words, at + 1, found);
}

function addAll<T>({ values }: Node<T>, found: T[]): void {
  for (const value of values) found.push(value);
}
