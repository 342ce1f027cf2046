import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import {
  ahoCorasick,
  charsetAutomaton,
  combined,
  compileRegex,
  type Demand,
  type RowTests,
  resultBytes,
  scanTexts,
  survivors,
  type TextRows,
  testClass,
  testDistance,
  testLengths,
  testRange,
} from "#src/kernels/text/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { seeded } from "../../support/random.js";
import { onDevice, wordsOf } from "../columns/support.js";

const words = [
  "ab",
  "secret",
  "Password",
  "日本",
  "é",
  " ",
  "12-34",
  "x".repeat(70),
  "\n",
  "🦜",
  "se",
  "cret",
];

/** Many short texts, some that are long, and some bytes that are no UTF-8. */
function texts(count: number): Buffer[] {
  const random = seeded(count);
  return Array.from({ length: count }, (_, at) => {
    if (at % 97 === 5) return Buffer.alloc(5000, "lorem secre ");
    if (at % 53 === 7) return Buffer.from([0x61, 0xff, 0x62, 0xed, 0xa0, 0x80]);
    const pieces = Array.from({ length: at % 9 }, () => words[Math.floor(random() * words.length)] ?? "");
    return Buffer.from(pieces.join(""));
  });
}

class Texts implements Disposable {
  readonly rows: TextRows;
  readonly #made: Disposable[];

  constructor(device: Device, given: readonly Buffer[]) {
    let end = 3;
    const offsets = Uint32Array.from([end, ...given.map((text) => (end += text.length))]);
    const made = [
      onDevice(device, offsets),
      onDevice(device, Buffer.concat([Buffer.from("xyz"), ...given])),
    ] as const;
    this.rows = { offsets: made[0], values: made[1] };
    this.#made = [...made];
  }

  [Symbol.dispose](): void {
    for (const each of this.#made) each[Symbol.dispose]();
  }
}

async function resultsOf(
  device: Device,
  count: number,
  run: (tests: RowTests) => Promise<void>,
  { listed, scores = false }: { listed?: Uint32Array; scores?: boolean } = {},
): Promise<number[]> {
  using results = onDevice(device, new Uint8Array(resultBytes(count, scores)));
  using rows = listed === undefined ? undefined : onDevice(device, listed);
  await run({ results, count, rows, looked: listed?.length ?? count, code: 7 });
  return [...(await wordsOf(device, results))].slice(0, Math.max(count, count * (scores ? 3 : 1)));
}

const demands: readonly { demand: Demand; holds: (bytes: Buffer) => boolean }[] = [
  {
    demand: { automaton: charsetAutomaton([[0, 0x10ffff]]), wanted: 1 },
    holds: (bytes) => Buffer.compare(Buffer.from(bytes.toString()), bytes) === 0,
  },
  {
    demand: { automaton: compileRegex("\\d\\d-\\d\\d$", "u"), wanted: 0 },
    holds: (bytes) => !/\d\d-\d\d$/u.test(bytes.toString("latin1")),
  },
  {
    demand: {
      automaton: ahoCorasick(
        ["SECRET", "password", "本é"].map((word) => Buffer.from(word)),
        { ignoreCase: true },
      )[0] as Demand["automaton"],
      wanted: 0,
    },
    holds: (bytes) => !/secret|password|本é/i.test(bytes.toString()),
  },
];

onEveryDevice(
  "tests of rows of text",
  (_adapter, device) => {
    it("by automata", { timeout: 240_000 }, async () => {
      const opened = await device();
      const scanned = async (
        given: readonly Buffer[],
        automata: ReturnType<typeof combined>,
        listed?: Uint32Array,
      ) => {
        using column = new Texts(opened, given);
        let found: number[] = [];
        for (const { automaton } of automata) {
          using classes = onDevice(opened, Uint32Array.from(automaton.classes));
          using table = onDevice(opened, automaton.table);
          const test = { automaton, classes, table };
          found = await resultsOf(
            opened,
            given.length,
            (tests) => scanTexts(opened, { ...tests, texts: column.rows, test }),
            listed === undefined ? {} : { listed },
          );
        }
        return found;
      };
      const automata = combined(
        demands.map(({ demand }) => demand),
        2 ** 16,
      );
      expect(automata.length).toBe(1);
      const expected = (given: readonly Buffer[]) =>
        given
          .map((text) => demands.findIndex(({ holds }) => !holds(text)))
          .map((at) => (at < 0 ? 0 : 7 + at));
      for (const count of [0, 1, 3, 33, 257, 700]) {
        const given = texts(count);
        expect(await scanned(given, automata)).toEqual(expected(given));
      }
      const given = texts(300);
      const listed = Uint32Array.from({ length: 100 }, (_, at) => at * 3 + 1);
      const all = expected(given);
      expect(await scanned(given, automata, listed)).toEqual(
        all.map((code, at) => (at % 3 === 1 ? code : 0)),
      );
      const uneven = texts(70);
      uneven[12] = Buffer.concat([Buffer.alloc(1_000_000, "word "), Buffer.from("secreT")]);
      expect(await scanned(uneven, automata)).toEqual(expected(uneven));
      const alone = demands[1]?.demand.automaton;
      const simple = combined([{ automaton: alone as Demand["automaton"], wanted: 1 }], 2 ** 16);
      expect(await scanned(given, simple)).toEqual(
        given.map((text) => (/\d\d-\d\d$/u.test(text.toString("latin1")) ? 0 : 7)),
      );
    });

    it("by length", { timeout: 240_000 }, async () => {
      const opened = await device();
      for (const count of [1, 33, 257]) {
        const given = texts(count);
        using column = new Texts(opened, given);
        for (const unit of ["bytes", "characters"] as const) {
          const lengths = given.map((text) =>
            unit === "bytes" ? text.length : text.filter((byte) => (byte & 0xc0) !== 0x80).length,
          );
          for (const [least, most] of [
            [0, 4],
            [3, 100],
            [1, Infinity],
          ] as const) {
            const test = { least, most, unit };
            const found = await resultsOf(opened, count, (tests) =>
              testLengths(opened, { ...tests, texts: column.rows, test }),
            );
            expect(found).toEqual(lengths.map((length) => (length < least || length > most ? 7 : 0)));
          }
        }
      }
    });

    it("by range, also where there is no f64", { timeout: 240_000 }, async () => {
      const opened = await device();
      const values = [0, -0, 1, -1, NaN, Infinity, -Infinity, 5e-324, 1.5, -1.5, 1e300, -1e300, 1 + 2 ** -52];
      using numbers = onDevice(opened, Float64Array.from(values));
      for (const [least, most] of [
        [0, 1],
        [-0, -0],
        [-Infinity, Infinity],
        [-1.5, 1],
        [1 + 2 ** -52, 1e300],
        [2, 1],
      ] as const) {
        const found = await resultsOf(opened, values.length, (tests) =>
          testRange(opened, { ...tests, numbers, least, most }),
        );
        expect(found, `${least} to ${most}`).toEqual(
          values.map((value) => (value >= least && value <= most ? 0 : 7)),
        );
      }
    });

    it("by distance, unsure only near the threshold", { timeout: 240_000 }, async () => {
      const opened = await device();
      const width = 33;
      const count = 130;
      const random = seeded(3);
      const data = Float32Array.from({ length: count * width }, () => random() * 2 - 1);
      const centres = Float32Array.from({ length: 2 * width }, () => random() * 2 - 1);
      data.set(centres.subarray(0, width), 5 * width);
      data.fill(0, 6 * width, 7 * width);
      data[7 * width + 3] = NaN;
      data[8 * width + 3] = Infinity;
      data[9 * width + 3] = 1e30;
      using vectors = onDevice(opened, data);
      using centroids = onDevice(opened, centres);
      for (const metric of ["l2", "cosine"] as const) {
        for (const far of [false, true]) {
          const threshold = metric === "l2" ? 4.5 : 0.9;
          const test = { centroids, centroidCount: 2, width, metric, threshold, far };
          const found = await resultsOf(
            opened,
            count,
            (tests) => testDistance(opened, { ...tests, vectors, test }),
            { scores: true },
          );
          let unsure = 0;
          for (let row = 0; row < count; row++) {
            const score = distance(metric, data.subarray(row * width, (row + 1) * width), centres);
            if (found[count * 2 + row] === 1) {
              unsure++;
              continue;
            }
            expect(found[row], `${metric} ${far} ${row} ${score}`).toBe(score <= threshold !== far ? 0 : 7);
            const [given = 0] = new Float32Array(Uint32Array.of(found[count + row] ?? 0).buffer);
            expect(Math.abs(given - score)).toBeLessThanOrEqual(1e-5 * Math.max(1, score));
          }
          expect(found[count * 2 + 7], "NaN is decided by the host").toBe(1);
          expect(unsure).toBeLessThan(8);
        }
      }
    });

    it("by the class of a small network", { timeout: 240_000 }, async () => {
      const opened = await device();
      for (const [outputs, classAt] of [
        [3, 1],
        [1, 0],
      ] as const) {
        const sizes = [9, 17, outputs];
        const count = 70;
        const random = seeded(outputs);
        const data = Float32Array.from({ length: count * 9 }, () => random() * 4 - 2);
        data[4 * 9] = NaN;
        const given = [0, 1].map((at) => {
          const [inputs = 0, width = 0] = [sizes[at], sizes[at + 1]];
          const weights = Float32Array.from({ length: inputs * width }, () => random() * 2 - 1);
          const biases = Float32Array.from({ length: width }, () => random() - 0.5);
          return { weights, biases, inputs, outputs: width };
        });
        const layers = given.map((layer) => ({
          ...layer,
          weights: onDevice(opened, layer.weights),
          biases: onDevice(opened, layer.biases),
          norm: 6,
        }));
        using vectors = onDevice(opened, data);
        const listed = Uint32Array.from({ length: 40 }, (_, at) => at);
        const test = { layers, classAt, least: 0.3, most: 0.9 };
        const found = await resultsOf(
          opened,
          count,
          (tests) => testClass(opened, { ...tests, vectors, test }),
          { listed, scores: true },
        );
        let unsure = 0;
        for (const row of listed) {
          const score = probability(data.subarray(row * 9, row * 9 + 9), given, classAt);
          if (found[count * 2 + row] === 1) unsure++;
          else expect(found[row], `${row} ${score}`).toBe(score >= 0.3 && score <= 0.9 ? 0 : 7);
        }
        expect(found[count * 2 + 4]).toBe(1);
        expect(unsure).toBeLessThan(6);
        expect(found.slice(40, count)).toEqual(Array(30).fill(0));
        for (const { weights, biases } of layers) for (const each of [weights, biases]) each.dispose();
      }
    });

    it("finds the rows that passed", { timeout: 240_000 }, async () => {
      const opened = await device();
      for (const count of [1, 33, 257]) {
        const codes = Uint32Array.from({ length: count }, (_, at) => (at % 3 === 1 ? 7 : 0));
        using results = onDevice(opened, codes);
        const { rows, selected } = await survivors(opened, { results, count });
        const expected = [...codes.keys()].filter((at) => codes[at] === 0);
        expect([...(await wordsOf(opened, rows))].slice(0, selected)).toEqual(expected);
        rows[Symbol.dispose]();
      }
    });
  },
  { computing: true },
);

function distance(metric: "l2" | "cosine", vector: Float32Array, centres: Float32Array): number {
  const width = vector.length;
  const distances = [0, 1].map((centre) => {
    let [squares, dot, a, b] = [0, 0, 0, 0];
    for (const [k, value] of vector.entries()) {
      const other = centres[centre * width + k] ?? 0;
      squares += (value - other) ** 2;
      dot += value * other;
      a += value ** 2;
      b += other ** 2;
    }
    return metric === "l2" ? Math.sqrt(squares) : 1 - dot / Math.sqrt(a * b);
  });
  return Math.min(...distances);
}

function probability(
  vector: Float32Array,
  layers: readonly { weights: Float32Array; biases: Float32Array; outputs: number }[],
  classAt: number,
): number {
  let values = [...vector];
  for (const [at, { weights, biases, outputs }] of layers.entries()) {
    const last = at === layers.length - 1;
    values = [...biases].map((bias, j) => {
      const sum = values.reduce((total, value, k) => total + value * (weights[k * outputs + j] ?? 0), bias);
      return last ? sum : Math.max(0, sum);
    });
  }
  const own = values[classAt] ?? 0;
  const others = values.length === 1 ? [0] : values;
  const sum = others.reduce((total, value) => total + Math.exp(value - own), values.length === 1 ? 1 : 0);
  return 1 / sum;
}
