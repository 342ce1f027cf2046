import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import type { TextMemory } from "#src/kernels/columns/column.js";
import {
  isAscii,
  textCase,
  textConcat,
  textHash,
  textLength,
  textSubstring,
  trimText,
} from "#src/kernels/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { bitmapOf, dirty, onDevice, sampleOf, TestColumn, taken, type Value } from "./support.js";

const bytes = (text: string) => new TextEncoder().encode(text);

async function withText(
  device: Device,
  values: readonly Value[],
  body: (column: TextMemory) => Promise<void>,
): Promise<void> {
  using column = new TestColumn(device, "text", values);
  if (column.memory.physical === "text") await body(column.memory);
}

const mapped = (values: readonly Value[], of: (text: string) => Value) =>
  values.map((value) => (value === null ? null : of(String(value))));

/** As DuckDB 1.5.6 answers `substring(text, start, length)`. */
function substringOracle(text: string, start: number, length = Infinity): string {
  const characters = [...text];
  if (length === 0 || (start === 0 && length <= 1)) return "";
  const [from, wanted] =
    start > 0 ? [start - 1, length] : start < 0 ? [characters.length + start, length] : [0, length - 1];
  const [first, last] = wanted > 0 ? [from, from + wanted] : [from + wanted, from];
  return characters.slice(Math.max(0, first), Math.max(0, last)).join("");
}

const counts = [0, 1, 33, 257, 3001];

onEveryDevice(
  "functions of text",
  (_adapter, device) => {
    it("length in code points and bytes", async () => {
      const opened = await device();
      for (const count of counts) {
        const values = sampleOf("text", count, count > 33);
        await withText(opened, values, async (column) => {
          for (const unit of ["characters", "bytes"] as const) {
            const result = await textLength(opened, { column, count, unit }, dirty(opened));
            const expected = mapped(values, (text) =>
              BigInt(unit === "bytes" ? bytes(text).length : [...text].length),
            );
            expect(await taken(opened, result, count)).toEqual(expected);
          }
        });
      }
    });

    it("substring", { timeout: 240_000 }, async () => {
      const opened = await device();
      const values = sampleOf("text", 257, true);
      await withText(opened, values, async (column) => {
        for (const [start, length] of [
          [1, undefined],
          [2, 3],
          [0, 3],
          [0, 1],
          [0, undefined],
          [-3, 2],
          [-3, undefined],
          [-8, 7],
          [-20, 15],
          [4, -2],
          [7, -5],
          [-1, -3],
          [3, 0],
          [1000, 5],
          [2 ** 40, 2 ** 40],
          [-(2 ** 40), 2 ** 41],
          [2, -(2 ** 40)],
          [2 ** 31 - 1, 2 ** 31 - 1],
        ] as const) {
          const work = { column, count: values.length, start, length };
          const result = await textSubstring(opened, work, dirty(opened));
          const expected = mapped(values, (text) => substringOracle(text, start, length));
          expect(await taken(opened, result, values.length), `${start} ${length}`).toEqual(expected);
        }
      });
      for (const count of [0, 1, 3001]) {
        const some = sampleOf("text", count, false);
        await withText(opened, some, async (column) => {
          const result = await textSubstring(opened, { column, count, start: 2, length: 4 });
          expect(await taken(opened, result, count)).toEqual(
            mapped(some, (text) => substringOracle(text, 2, 4)),
          );
        });
      }
    });

    it("trim", async () => {
      const opened = await device();
      const spaces = [" ", "\u00a0", "\u1680", "\u2000", "\u200a", "\u202f", "\u205f", "\u3000"];
      const others = ["\t", "\n", "\u200b", "\u2028", "\ufeff", "\u180e", "\u0085"];
      const words = ["", "a", " a b ", "  ", "日本", "Â", "â\u0080", "é\u0300", ...others];
      const values: Value[] = words.flatMap((word) => [
        word,
        null,
        ...spaces.map((space, at) => `${space}${spaces[(at + 3) % 8]}${word}${space} `),
      ]);
      const zs = /^\p{Zs}+/u;
      const behind = /\p{Zs}+$/u;
      await withText(opened, values, async (column) => {
        for (const [side, of] of [
          ["both", (text: string) => text.replace(zs, "").replace(behind, "")],
          ["start", (text: string) => text.replace(zs, "")],
          ["end", (text: string) => text.replace(behind, "")],
        ] as const) {
          const result = await trimText(opened, { column, count: values.length, side });
          expect(await taken(opened, result, values.length), side).toEqual(mapped(values, of));
        }
      });
    });

    it("upper and lower case of ASCII", async () => {
      const opened = await device();
      const letters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join("");
      const values = [letters, null, "", "aZ[`{@", "ÄÖü日", ...sampleOf("text", 100, true)];
      const turn = { upper: /[a-z]/g, lower: /[A-Z]/g };
      await withText(opened, values, async (column) => {
        for (const to of ["upper", "lower"] as const) {
          const result = await textCase(opened, { column, count: values.length, to }, dirty(opened));
          const expected = mapped(values, (text) =>
            text.replace(turn[to], (letter) =>
              to === "upper" ? letter.toUpperCase() : letter.toLowerCase(),
            ),
          );
          expect(await taken(opened, result, values.length)).toEqual(expected);
        }
      });
    });

    it("whether all is ASCII", async () => {
      const opened = await device();
      for (const [values, ascii] of [
        [[], true],
        [[""], true],
        [["abc", "\u007f", "d".repeat(500)], true],
        [["abc", "ü"], false],
        [["é"], false],
        [["x".repeat(1001), "y", "z".repeat(33), "日"], false],
        [["日", ...new Array(300).fill("text")], false],
      ] as const) {
        await withText(opened, values, async (column) => {
          expect(await isAscii(opened, { column, count: values.length }, dirty(opened))).toBe(ascii);
        });
      }
      await withText(opened, ["ü", "abc", "ü"], async ({ values }) => {
        using offsets = onDevice(opened, Uint32Array.of(5, 6, 8));
        const column = { physical: "text", offsets, values } as const;
        expect(await isAscii(opened, { column, count: 2 })).toBe(true);
      });
    });

    it("concatenation with columns and literals", async () => {
      const opened = await device();
      for (const count of counts) {
        const [a, b] = [sampleOf("text", count, true), sampleOf("text", count, false).reverse()];
        await withText(opened, a, async (left) => {
          await withText(opened, b, async (right) => {
            const parts = [left, bytes(" und "), right, left, bytes("")];
            const joined = await textConcat(opened, { parts, count }, dirty(opened));
            const expected = a.map((text, at) => (text === null ? null : `${text} und ${b[at]}${text}`));
            expect(await taken(opened, joined, count)).toEqual(expected);
            const alone = await textConcat(opened, { parts: [bytes("ä")], count });
            expect(await taken(opened, alone, count)).toEqual(a.map(() => "ä"));
            using validity = onDevice(opened, bitmapOf(b.map((_, at) => at % 2 === 0)));
            const both = await textConcat(opened, { parts: [left, { ...right, validity }], count });
            expect(await taken(opened, both, count)).toEqual(
              a.map((text, at) => (text === null || at % 2 === 1 ? null : `${text}${b[at]}`)),
            );
          });
        });
      }
    });

    it("hashes that are equal where texts are, wherever they stand", async () => {
      const opened = await device();
      const values = Array.from({ length: 3000 }, (_, at) => `${"t".repeat(at % 13)}${at % 1500}`);
      await withText(opened, values, async (column) => {
        using hashes = await textHash(opened, { column, count: values.length });
        const found = new BigUint64Array((await opened.read(hashes)).slice(0, values.length * 8).buffer);
        const byText = new Map<string, bigint>();
        for (const [at, text] of values.entries()) {
          expect(byText.get(text) ?? found[at]).toBe(found[at]);
          byText.set(text, found[at] ?? 0n);
        }
        expect(new Set(byText.values()).size).toBe(byText.size);
        const lowHalves = new Set([...byText.values()].map((hash) => hash & 0xffffn));
        expect(lowHalves.size).toBeGreaterThan(byText.size * 0.9);
        using others = await textHash(opened, { column, count: values.length, seed: 7 });
        expect(await opened.read(others)).not.toEqual(await opened.read(hashes));
      });
    });
  },
  { computing: true },
);
