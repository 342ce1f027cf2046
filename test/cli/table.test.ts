import { describe, expect, it } from "vitest";
import { formatMs, table, wrap } from "#src/cli/table.js";
import { suggest } from "#src/core/suggest.js";

describe("table", () => {
  it("aligns columns and wraps the wide one", () => {
    const columns = [{ title: "a" }, { title: "ms", align: "right" }, { title: "why", wrap: true }] as const;
    const lines = table(columns, [["one", "1.00", "because it was the faster of the two"]], 28);
    expect(lines).toEqual([
      "a      ms  why",
      "one  1.00  because it was",
      "           the faster of the",
      "           two",
    ]);
  });

  it("breaks long words", () => {
    expect(wrap("abcdef gh", 4)).toEqual(["abcd", "ef", "gh"]);
    expect(wrap("", 4)).toEqual([""]);
  });

  it("formats milliseconds to three digits", () => {
    expect([0.00612, 0.1234, 12.34, 123.4, undefined, Number.NaN].map(formatMs)).toEqual([
      "0.0061",
      "0.12",
      "12.3",
      "123",
      "-",
      "-",
    ]);
  });
});

describe("suggest", () => {
  it.each([
    ["docter", "doctor"],
    ["kernle", "kernel"],
    ["mat", "matrix"],
    ["zebra", undefined],
    ["", undefined],
  ])("%j: %j", (typed, expected) => {
    expect(suggest(typed, ["doctor", "kernel", "matrix"])).toBe(expected);
  });
});
