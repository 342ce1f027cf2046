import { describe, expect, it } from "vitest";
import { civilFromDays, daysFromCivil, isCivil } from "#src/core/calendar.js";
import type { TimeUnit } from "#src/core/column-type.js";
import { decimalText, parseDecimal, setWideInteger, wideInteger } from "#src/core/decimal-text.js";
import { displayWidth, fitText, harmless, padText } from "#src/core/display-text.js";
import {
  dateText,
  durationText,
  parseDate,
  parseDuration,
  parseTimestamp,
  timestampText,
} from "#src/core/time-text.js";
import { zoneOffset } from "#src/core/time-zone.js";
import { seeded } from "../support/random.js";

const units: readonly TimeUnit[] = ["s", "ms", "us", "ns"];
const least = -(2n ** 63n);
const most = 2n ** 63n - 1n;

describe("dates", () => {
  it("are those of JavaScript", () => {
    const random = seeded(1);
    const days = Array.from({ length: 3000 }, () => Math.floor((random() - 0.5) * 2e8));
    for (const day of [0, -1, 1, 59, 60, -719_468, 11_016, 1e8, -1e8, ...days]) {
      const expected = new Date(day * 86_400_000).toISOString().slice(0, -14);
      expect(dateText(day)).toBe(expected);
      expect(parseDate(expected)).toBe(day);
      expect(daysFromCivil(civilFromDays(day))).toBe(day);
    }
    expect(dateText(2 ** 31 - 1)).toBe("+5881580-07-11");
    expect(parseDate("+5881580-07-11")).toBe(2 ** 31 - 1);
    expect(parseDate(dateText(-(2 ** 31)))).toBe(-(2 ** 31));
  });

  it("that do not exist are none", () => {
    const wrong = [
      "2023-02-29",
      "1900-02-29",
      "2024-00-01",
      "2024-13-01",
      "2024-04-31",
      "2024-1-1",
      "x",
      "",
      "24-01-01",
    ];
    for (const text of wrong) expect(parseDate(text)).toBeUndefined();
    expect([isCivil({ year: 2000, month: 2, day: 29 }), isCivil({ year: 2001, month: 2, day: 29 })]).toEqual([
      true,
      false,
    ]);
  });
});

describe("timestamps and durations", () => {
  it("of every unit come back from their text", () => {
    const random = seeded(2);
    for (const unit of units) {
      const some = Array.from({ length: 300 }, () =>
        BigInt.asIntN(64, BigInt(Math.floor(random() * 2 ** 53)) ** 2n),
      );
      const edges = unit === "ns" ? [least, most] : [];
      for (const value of [
        0n,
        -1n,
        1n,
        999n,
        -1000n,
        ...edges,
        ...some.map((each) => (unit === "ns" ? each : each / 10n ** 9n)),
      ]) {
        expect(parseTimestamp(timestampText(value, unit), unit)).toBe(value);
        expect(parseTimestamp(timestampText(value, unit, "Asia/Kolkata"), unit)).toBe(value);
        expect(parseDuration(durationText(value, unit), unit)).toBe(value);
      }
    }
    for (const unit of units) expect(parseDuration(durationText(least, unit), unit)).toBe(least);
  });

  it("agree with JavaScript in milliseconds", () => {
    const random = seeded(4);
    for (let count = 0; count < 500; count++) {
      const ms = Math.floor((random() - 0.5) * 1e14);
      const iso = new Date(ms).toISOString();
      expect(parseTimestamp(iso, "ms")).toBe(BigInt(ms));
      expect(parseTimestamp(`${timestampText(BigInt(ms), "ms")}Z`, "ms")).toBe(BigInt(ms));
    }
  });

  it("have the offset of their zone", () => {
    expect(timestampText(0n, "s", "Europe/Berlin")).toBe("1970-01-01 01:00:00+01:00");
    expect(timestampText(1_720_000_000_123n, "ms", "America/St_Johns")).toBe("2024-07-03 07:16:40.123-02:30");
    expect(timestampText(0n, "us", "+05:30")).toBe("1970-01-01 05:30:00+05:30");
    expect(timestampText(most, "s", "Europe/Berlin")).toBe("+292277026596-12-04 15:30:07+00:00");
    expect(timestampText(0n, "us", "No/Where")).toBe("1970-01-01 00:00:00+00:00");
    expect([zoneOffset("UTC", 0), zoneOffset("-0330", 0), zoneOffset("No/Where", 0)]).toEqual([
      0,
      -12_600,
      undefined,
    ]);
    expect(parseTimestamp("2024-01-01T00:00:00-0330", "s")).toBe(1_704_079_800n);
    expect(parseTimestamp("2024-01-01", "s")).toBe(1_704_067_200n);
  });

  it("that are none, or finer than the unit, are none", () => {
    for (const text of [
      "2024-01-01T25:00",
      "2024-01-01T00:60",
      "2024-01-01T00:00:61",
      "noon",
      "2024-01-01T",
      "2024-01-01T00:00:00.0001Z",
    ]) {
      expect(parseTimestamp(text, "ms")).toBeUndefined();
    }
    expect(parseTimestamp("2024-01-01T00:00:00.5000Z", "ms")).toBe(1_704_067_200_500n);
    for (const text of ["", "-", "1:2:3", "00:60:00", "d"]) expect(parseDuration(text, "ms")).toBeUndefined();
    expect([durationText(90_061_001n, "ms"), durationText(-1n, "ns")]).toEqual([
      "1d 01:01:01.001",
      "-00:00:00.000000001",
    ]);
  });
});

describe("decimals", () => {
  it("of 38 digits keep every one", () => {
    const nines = "9".repeat(38);
    for (const scale of [0, 1, 19, 37, 38]) {
      for (const value of [
        0n,
        1n,
        -1n,
        BigInt(nines),
        -BigInt(nines),
        2n ** 64n,
        -(2n ** 64n) - 1n,
        least,
        most,
      ]) {
        expect(parseDecimal(decimalText(value, scale), 38, scale)).toBe(value);
        const words = new BigInt64Array(4);
        setWideInteger(words, 1, value);
        expect(wideInteger(words, 1)).toBe(value);
      }
    }
    expect([decimalText(-5n, 2), decimalText(5n, 38)]).toEqual(["-0.05", `0.${"0".repeat(37)}5`]);
  });

  it("are read from the ways people write numbers", () => {
    const cases: [string, number, number, bigint | string][] = [
      ["1.50", 5, 2, 150n],
      [" +.5 ", 5, 2, 50n],
      ["-1e2", 5, 2, -10_000n],
      ["12.5e-1", 5, 2, 125n],
      ["000123", 3, 0, 123n],
      ["0e9999", 3, 0, 0n],
      ["1.500", 3, 1, 15n],
      ["1e5", 3, 0, "has more digits than decimal(3, 0)"],
      ["0.001", 3, 2, "has more than 2 digits after the point"],
      ["1.", 3, 0, 1n],
      [".", 3, 0, "is no decimal number"],
      ["", 3, 0, "is no decimal number"],
      ["1,5", 3, 0, "is no decimal number"],
      ["0x1", 3, 0, "is no decimal number"],
    ];
    for (const [text, precision, scale, expected] of cases)
      expect(parseDecimal(text, precision, scale)).toBe(expected);
  });
});

describe("text on a terminal", () => {
  it("does nothing to it, and fits", () => {
    expect(harmless("a\u001b]0;x\u0007\u009b\u2028\u202e\r\n\t")).toBe(
      "a\\x1b]0;x\\x07\\x9b\\u{2028}\\u{202e}\\r\\n\\t",
    );
    expect([
      displayWidth("naïve"),
      displayWidth("e\u0301"),
      displayWidth("日本"),
      displayWidth("🦜"),
    ]).toEqual([5, 1, 4, 2]);
    expect([fitText("abcdef", 4), fitText("日本語", 4), fitText("abc", 3)]).toEqual(["abc…", "日…", "abc"]);
    expect([padText("ab", 4, "left"), padText("日", 4, "right"), padText("日本語", 4, "left")]).toEqual([
      "ab  ",
      "  日",
      "日… ",
    ]);
  });
});
