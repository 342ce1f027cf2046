import { expect, it } from "vitest";
import { type NearestLayout, nearest, nearestChunks } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { randomFloats, uploaded, wordsIn } from "./support.js";

interface Shape {
  readonly queries: number;
  readonly rows: number;
  readonly inner: number;
  readonly most: number;
}

const shape = (queries: number, rows: number, inner: number, most: number): Shape => ({
  queries,
  rows,
  inner,
  most,
});

const shapes: readonly Shape[] = [
  shape(1, 1, 1, 1),
  shape(1, 31, 3, 40),
  shape(7, 32, 2, 5),
  shape(8, 33, 4, 1),
  shape(9, 255, 5, 32),
  shape(3, 256, 1, 256),
  shape(65, 257, 7, 10),
  shape(2, 9001, 3, 12),
];

function panels(data: Float32Array, count: number, inner: number, panel: number, room: number): Float32Array {
  const out = new Float32Array(room * inner);
  for (let at = 0; at < count; at++) {
    for (let i = 0; i < inner; i++) {
      const start = Math.floor(at / panel) * panel * inner;
      out[start + i * panel + (at % panel)] = data[at * inner + i] ?? 0;
    }
  }
  return out;
}

const upTo = (count: number, multiple: number) => Math.ceil(count / multiple) * multiple;

function laidOut(layout: NearestLayout, work: Shape, queries: Float32Array, rows: Float32Array) {
  const { inner } = work;
  const roomOfQueries = upTo(work.queries, 8);
  const roomOfRows = upTo(work.rows, 64);
  if (layout === "panels") {
    return [
      panels(queries, work.queries, inner, 8, roomOfQueries),
      panels(rows, work.rows, inner, 32, roomOfRows),
    ] as const;
  }
  const onLines = (data: Float32Array, room: number) => {
    const out = new Float32Array(room * inner);
    out.set(data);
    return out;
  };
  return [onLines(queries, roomOfQueries), onLines(rows, roomOfRows)] as const;
}

/** Multiples of 1/8 below 1, so that products are exact in f32 in any order, and many are equal. */
const coarse = (count: number, seed: number) =>
  randomFloats(count, seed).map((value) => Math.trunc(value * 8) / 8);

onEveryDevice(
  "nearest",
  (_adapter, device) => {
    it.each(["panels", "lines"] as const)("keeps the largest products, in %s", async (layout) => {
      const opened = await device();
      for (const work of shapes) {
        const { queries, rows, inner, most } = work;
        const left = coarse(queries * inner, 3);
        const right = coarse(rows * inner, 4);
        const chunks = nearestChunks(layout, work);
        const room = upTo(queries, 8) * chunks * most * 2;
        for (const step of [1, 3, rows + 1]) {
          const counts = (row: number) => (row + 1) % step === 0 || step === 1;
          const words = new Uint32Array(upTo(rows, 64) / 32);
          for (let row = 0; row < rows; row++) {
            if (counts(row)) words[row >> 5] = (words[row >> 5] ?? 0) | (1 << (row & 31));
          }
          const [queryNumbers, rowNumbers] = laidOut(layout, work, left, right);
          using queryData = uploaded(opened, queryNumbers);
          using rowData = uploaded(opened, rowNumbers);
          using mask = uploaded(opened, words);
          using found = uploaded(opened, new Uint32Array(room).fill(7));
          await nearest(opened, layout, { ...work, queryData, rowData, mask, found });
          const pairs = await wordsIn(opened, found, room);
          const products = new Float32Array(pairs.buffer);
          for (let query = 0; query < queries; query++) {
            const dot = (row: number) => {
              let sum = 0;
              for (let i = 0; i < inner; i++) {
                sum += (left[query * inner + i] ?? 0) * (right[row * inner + i] ?? 0);
              }
              return sum;
            };
            const kept: number[] = [];
            const seen = new Set<number>();
            for (let at = query * chunks * most; at < (query + 1) * chunks * most; at++) {
              const row = pairs[2 * at + 1] ?? 0;
              if (row === 0xffffffff) continue;
              expect([row < rows && counts(row), seen.has(row)]).toEqual([true, false]);
              expect(products[2 * at]).toBe(dot(row));
              seen.add(row);
              kept.push(dot(row));
            }
            const all = Array.from({ length: rows }, (_, row) => row)
              .filter(counts)
              .map(dot);
            const expected = all.sort((a, b) => b - a).slice(0, most);
            expect(kept.sort((a, b) => b - a).slice(0, most)).toEqual(expected);
          }
        }
      }
    });
  },
  { computing: true },
);
