import { describe, expect, it, vi } from "vitest";
import { check, interleaved, longestGap, median, randomFloats } from "../../bench/harness.mjs";

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe("the bench harness", () => {
  it("takes medians", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("gives everyone a turn, and fewer to the slow", async () => {
    const turns: string[] = [];
    let clock = 0;
    const now = vi.spyOn(performance, "now").mockImplementation(() => clock);
    const contestant = (name: string, ms: number) => ({
      name,
      run: () => {
        turns.push(name);
        clock += ms;
      },
    });
    const ms = await interleaved([contestant("fast", 1), contestant("slow", 30)], {
      rounds: 4,
      budgetMs: 70,
    });
    now.mockRestore();
    const quick = (name: string) => [name, name, name, name];
    expect(turns.slice(0, 10)).toEqual(["fast", "slow", ...quick("slow"), ...quick("fast")]);
    expect(turns.filter((name) => name === "fast")).toHaveLength(1 + 3 * 4);
    expect(turns.filter((name) => name === "slow")).toHaveLength(1 + 4);
    expect([ms.get("fast"), ms.get("slow")]).toEqual([1, 30]);
  });

  it("sees the event loop blocked", async () => {
    expect(await longestGap(async () => block(40))).toBeGreaterThanOrEqual(39);
  });

  it("refuses a wrong result, and NaN", () => {
    expect(() => check("sum", [1, 2], [1, 2.1], 0.2)).not.toThrow();
    expect(() => check("sum", [1, 2], [1, 3], 0.2)).toThrow("sum: element 1 is 2, not 3");
    expect(() => check("sum", [Number.NaN], [1], 0.2)).toThrow("NaN");
  });

  it("draws the same numbers for the same seed", () => {
    const numbers = randomFloats(1000, 7);
    expect(randomFloats(1000, 7)).toEqual(numbers);
    expect(Math.max(...numbers.map(Math.abs))).toBeLessThanOrEqual(1);
    expect(Math.abs(numbers.reduce((sum, value) => sum + value, 0) / 1000)).toBeLessThan(0.1);
  });
});
