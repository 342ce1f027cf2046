import { open, readdir } from "node:fs/promises";
import { join, relative } from "node:path";

/** A piece of a text file, described by how often pairs of its characters occur. */
export interface Sample {
  readonly file: string;
  /** Which of the kinds. */
  readonly kind: number;
}

export interface Samples {
  readonly kinds: readonly string[];
  readonly samples: readonly Sample[];
  /** `features` numbers for each sample, of unit length. */
  readonly data: Float32Array;
}

const endings: Readonly<Record<string, RegExp>> = {
  JavaScript: /\.[cm]?js$/,
  TypeScript: /\.[cm]?ts$/,
  JSON: /\.json$/,
  Markdown: /\.(md|markdown)$/,
  "source map": /\.map$/,
  CSS: /\.css$/,
  HTML: /\.html?$/,
  C: /\.[ch]$/,
  Python: /\.py$/,
  YAML: /\.ya?ml$/,
};

const fewestFiles = 40;
const pieceBytes = 1024;
export const features = 1024;

/** Up to `most` files of each kind that is common under a folder: a kilobyte from the middle of each. */
export async function readSamples(folder: string, most: number): Promise<Samples> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort((a, b) => spread(a) - spread(b));
  const byKind = Object.entries(endings)
    .map(([name, ending]) => ({ name, files: files.filter((file) => ending.test(file)).slice(0, most) }))
    .filter((kind) => kind.files.length >= fewestFiles);
  const samples: Sample[] = [];
  const rows: Float32Array[] = [];
  for (const [kind, { files: ofKind }] of byKind.entries()) {
    for (const file of ofKind) {
      const piece = await middleOf(join(folder, file)).catch(() => undefined);
      if (piece === undefined || piece.length < 64) continue;
      samples.push({ file, kind });
      rows.push(pairCounts(piece));
    }
  }
  const data = new Float32Array(rows.length * features);
  rows.forEach((row, at) => {
    data.set(row, at * features);
  });
  return { kinds: byKind.map(({ name }) => name), samples, data };
}

async function middleOf(path: string): Promise<Uint8Array> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  const start = Math.max(0, Math.floor((size - pieceBytes) / 2));
  const buffer = new Uint8Array(pieceBytes);
  const { bytesRead } = await file.read(buffer, 0, pieceBytes, start);
  return buffer.subarray(0, bytesRead);
}

/** Counts pairs of bytes in `features` bins, as logarithms, of unit length. */
export function pairCounts(text: Uint8Array): Float32Array {
  const counts = new Float32Array(features);
  for (let at = 0; at + 1 < text.length; at++) {
    const pair = ((text[at] ?? 0) << 8) | (text[at + 1] ?? 0);
    const bin = Math.imul(pair, 0x9e3779b1) >>> 22;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const logarithms = counts.map((count) => Math.log1p(count));
  const length = Math.hypot(...logarithms) || 1;
  return logarithms.map((value) => value / length);
}

/** Orders files at random, the same way each time (FNV-1a). */
export function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
