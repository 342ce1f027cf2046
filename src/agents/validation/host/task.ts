import { type LengthTest, scanRows } from "../../../kernels/text/index.ts";
import type { TaskArray } from "../../../runtime/javascript/index.ts";
import { classProbability, type HostLayer, nearestDistance } from "./vectors.ts";

/** A stage; arrays are named by their places. */
export type HostStage = { readonly code: number } & (
  | { readonly kind: "length"; readonly test: LengthTest }
  | {
      readonly kind: "scan";
      readonly classes: number;
      readonly table: number;
      readonly classCount: number;
      readonly start: number;
      readonly outcomes: number;
    }
  | {
      readonly kind: "wide-scan";
      readonly wide: number;
      readonly ends: number;
      readonly start: number;
      readonly outcomes: number;
    }
  | { readonly kind: "expression"; readonly source: string; readonly flags: string; readonly wanted: boolean }
  | { readonly kind: "range"; readonly column: number; readonly least: number; readonly most: number }
  | {
      readonly kind: "near";
      readonly column: number;
      readonly centroids: number;
      readonly width: number;
      readonly metric: "l2" | "cosine";
      readonly threshold: number;
      readonly far: boolean;
    }
  | {
      readonly kind: "classify";
      readonly column: number;
      readonly layers: readonly HostLayer[];
      readonly classAt: number;
      readonly least: number;
      readonly most: number;
    }
);

export interface HostProgram {
  readonly stages: readonly HostStage[];
  /** Of the list of rows. */
  readonly first: number;
  readonly last: number;
}

interface Rows {
  readonly codes: Uint32Array;
  readonly scores: Float32Array;
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
  readonly arrays: readonly TaskArray[];
}

/** arrays: codes, scores, rows, offsets, bytes, then columns and what stages name. */
export function validateRows(arrays: readonly TaskArray[], { stages, first, last }: HostProgram): void {
  const [codes, scores, rows, offsets, bytes] = arrays as [
    Uint32Array,
    Float32Array,
    Uint32Array,
    Uint32Array,
    Uint8Array,
  ];
  const given = { codes, scores, offsets, bytes, arrays };
  let left = rows.subarray(first, last);
  for (const stage of stages) {
    if (left.length === 0) return;
    run(stage, left, given);
    left = left.filter((row) => codes[row] === 0);
  }
}

function run(stage: HostStage, rows: Uint32Array, { codes, scores, offsets, bytes, arrays }: Rows): void {
  const { code } = stage;
  switch (stage.kind) {
    case "length": {
      const { least, most, unit } = stage.test;
      for (const row of rows) {
        const start = offsets[row] as number;
        const end = offsets[row + 1] as number;
        let length = end - start;
        if (unit === "characters" && (length > most || length / 4 < least))
          length = characters(bytes, start, end);
        if (length < least || length > most) codes[row] = code;
      }
      return;
    }
    case "scan": {
      const { classCount, start, outcomes } = stage;
      const classes = arrays[stage.classes] as Uint8Array;
      const table = arrays[stage.table] as Uint32Array;
      scanRows({ classes, table, classCount, start, outcomes }, { offsets, bytes }, rows, code, codes);
      return;
    }
    case "wide-scan": {
      const { start, outcomes } = stage;
      const wide = arrays[stage.wide] as Int32Array;
      const ends = arrays[stage.ends] as Int32Array;
      scanRows({ wide, ends, start, outcomes }, { offsets, bytes }, rows, code, codes);
      return;
    }
    case "expression": {
      const expression = new RegExp(stage.source, stage.flags);
      const texts = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (const row of rows) {
        const text = texts.toString("utf8", offsets[row], offsets[row + 1]);
        if (expression.test(text) !== stage.wanted) codes[row] = code;
      }
      return;
    }
    case "range": {
      const numbers = arrays[stage.column] as Float64Array;
      for (const row of rows) {
        const number = numbers[row] as number;
        if (!(number >= stage.least && number <= stage.most)) codes[row] = code;
      }
      return;
    }
    case "near": {
      const vectors = arrays[stage.column] as Float32Array;
      const centroids = arrays[stage.centroids] as Float32Array;
      for (const row of rows) {
        const distance = nearestDistance(vectors, row, centroids, stage);
        scores[row] = distance;
        if (!(stage.far ? distance > stage.threshold : distance <= stage.threshold)) codes[row] = code;
      }
      return;
    }
    case "classify": {
      const vectors = arrays[stage.column] as Float32Array;
      for (const row of rows) {
        const probability = classProbability(vectors, row, stage, arrays);
        scores[row] = probability;
        if (!(probability >= stage.least && probability <= stage.most)) codes[row] = code;
      }
    }
  }
}

/** Code points: all bytes but those that go on with one. */
function characters(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (((bytes[at] as number) & 0xc0) !== 0x80) count++;
  return count;
}
