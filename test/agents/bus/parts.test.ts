import { describe, expect, it } from "vitest";
import { FairQueue, Queued } from "#src/agents/bus/fair-queue.js";
import { isPattern, matches } from "#src/agents/bus/topic.js";
import { TopicTrie } from "#src/agents/bus/topic-trie.js";
import { seeded } from "../../support/random.ts";

describe("a trie of topics", () => {
  it("finds what comparing every pattern finds, also after some are removed", () => {
    const next = seeded(7);
    const pick = (words: readonly string[]) => words[Math.floor(next() * words.length)] ?? "";
    const some = (words: readonly string[]) =>
      Array.from({ length: 1 + Math.floor(next() * 4) }, () => pick(words));
    const patterns = Array.from({ length: 300 }, () => {
      const words = some(["a", "b", "c", "*"]);
      return [...words, ...(next() < 0.3 ? [">"] : [])].join(".");
    });
    const trie = new TopicTrie<number>();
    for (const [at, pattern] of patterns.entries()) trie.add(pattern, at);
    const left = new Set(patterns.keys());
    for (let round = 0; round < 200; round++) {
      const topic = some(["a", "b", "c"]).join(".");
      const expected = [...left].filter((at) => matches(patterns[at] ?? "", topic));
      expect(trie.match(topic).sort((x, y) => x - y)).toEqual(expected);
      const gone = Math.floor(next() * patterns.length);
      trie.remove(patterns[gone] ?? "", gone);
      left.delete(gone);
    }
  });

  it("knows a pattern from a topic", () => {
    expect(["a.*", "*", "a.>", ">", "*.b"].map(isPattern)).toEqual([true, true, true, true, true]);
    expect(["a.b", "a*", "x"].map(isPattern)).toEqual([false, false, false]);
  });
});

class Entry extends Queued {
  readonly sender: string;
  readonly number: number;
  constructor(sender: string, number: number) {
    super();
    this.sender = sender;
    this.number = number;
  }
}

describe("a fair queue", () => {
  it("gives one of each sender in turn, each sender's in order, whoever comes and goes", () => {
    const next = seeded(11);
    const queue = new FairQueue<Entry>();
    const waiting = new Map<string, Entry[]>();
    let count = 0;
    const all = () => [...waiting.values()].reduce((sum, { length }) => sum + length, 0);
    for (let step = 0; step < 5_000; step++) {
      const sender = `s${Math.floor(next() * 8)}`;
      const own = waiting.get(sender) ?? [];
      const what = next();
      if (what < 0.5) {
        const entry = new Entry(sender, count++);
        queue.push(entry, sender);
        waiting.set(sender, [...own, entry]);
      } else if (what < 0.9) {
        const entry = queue.shift();
        expect(entry === undefined).toBe(all() === 0);
        if (entry === undefined) continue;
        expect(waiting.get(entry.sender)?.shift()).toBe(entry);
      } else if (own.length > 0) {
        const [gone] = own.splice(Math.floor(next() * own.length), 1);
        if (gone !== undefined) queue.remove(gone);
      }
      expect(queue.length).toBe(all());
    }
    const order: string[] = [];
    for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) order.push(entry.sender);
    const senders = [...waiting.values()].filter(({ length }) => length > 0).length;
    expect(new Set(order.slice(0, senders)).size).toBe(senders);
  });

  it("knows who has most waiting", () => {
    const queue = new FairQueue<Entry>();
    expect(queue.oldestOfCrowd()).toBeUndefined();
    const push = (sender: string, number: number) => queue.push(new Entry(sender, number), sender);
    for (let at = 0; at < 3; at++) push("few", at);
    for (let at = 0; at < 9; at++) push("many", at);
    push("one", 0);
    expect(queue.oldestOfCrowd()).toMatchObject({ sender: "many", number: 0 });
    expect(queue.newestOfCrowd()).toMatchObject({ sender: "many", number: 8 });
    expect(["few", "many", "one", "nobody"].map((sender) => queue.hasShare(sender))).toEqual([
      false,
      true,
      false,
      false,
    ]);
    for (let at = 0; at < 7; at++) {
      const newest = queue.newestOfCrowd();
      if (newest !== undefined) queue.remove(newest);
    }
    expect(queue.length).toBe(6);
    expect(queue.oldestOfCrowd()?.sender).toBe("few");
  });
});
