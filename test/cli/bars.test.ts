import { describe, expect, it } from "vitest";
import { bar, counted, percent, sparkline, truncate } from "#src/cli/bars.js";

describe("bars", () => {
  it.each([
    [0, "░░░░"],
    [0.5, "██░░"],
    [1, "████"],
    [1.3, "████"],
    [-1, "░░░░"],
  ])("show %d", (share, text) => {
    expect(bar(share, 4)).toBe(text);
  });

  it("in a row show what was", () => {
    expect(sparkline([0, 0.49, 0.5, 1, 7, -1])).toBe("▁▄▅██▁");
  });

  it("have text that fits, without control characters", () => {
    expect(truncate("NVIDIA H100", 20)).toBe("NVIDIA H100");
    expect(truncate("NVIDIA H100", 8)).toBe("NVIDIA …");
    expect(truncate("a\x1b[2Jb\n", 20)).toBe("a [2Jb ");
    expect(percent(0.456)).toBe("46 %");
    expect(percent(undefined)).toBe("-");
    expect([counted(1, "call"), counted(0, "call"), counted(2, "batch", "batches")]).toEqual([
      "1 call",
      "0 calls",
      "2 batches",
    ]);
  });
});
