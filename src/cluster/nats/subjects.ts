/** Topics of answers; they are heard by one member and never stored. */
export const replyPrefix = "_reply.";

/** Whether every topic of `inner` is one of `outer`. */
export function covers(outer: string, inner: string): boolean {
  const out = outer.split(".");
  const words = inner.split(".");
  for (const [i, part] of out.entries()) {
    const other = words[i];
    if (other === undefined) return false;
    if (part === ">") return true;
    if (other === ">") return false;
    if (part !== "*" && part !== other) return false;
  }
  return out.length === words.length;
}

/** Whether a topic can be of both. */
export function overlaps(a: string, b: string): boolean {
  const left = a.split(".");
  const right = b.split(".");
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [x, y] = [left[i], right[i]];
    if (x === undefined || y === undefined) return false;
    if (x === ">" || y === ">") return true;
    if (x !== "*" && y !== "*" && x !== y) return false;
  }
  return true;
}

/** Topics and patterns of one namespace as subjects of the server. */
export class Subjects {
  readonly #topics: string;
  readonly #replies: string;
  readonly #stored: string;
  readonly stream: string;

  constructor(namespace: string) {
    this.#topics = `${namespace}.t.`;
    this.#replies = `${namespace}.r.`;
    this.#stored = `${namespace}.s.`;
    this.stream = `${namespace}_topics`;
  }

  of(topic: string): string {
    if (topic.startsWith(replyPrefix)) return this.#replies + topic.slice(replyPrefix.length);
    return this.#topics + topic;
  }

  /** Where a member hears that something is stored. */
  stored(member: string): string {
    return this.#stored + member;
  }

  topicOf(subject: string): string {
    return subject.slice(this.#topics.length);
  }
}
