import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";

/** A section of a Markdown file. */
export interface Section {
  readonly packageName: string;
  readonly file: string;
  readonly heading: string;
  readonly text: string;
}

/** Rows of unit length, one per section: cosine similarity is then a plain product. */
export interface Vectors {
  readonly sections: readonly Section[];
  readonly terms: number;
  readonly data: Float32Array;
}

export interface Pair {
  readonly a: Section;
  readonly b: Section;
  readonly cosine: number;
}

const fewestWords = 12;
const copyCosine = 0.95;

const licenceText = /permission is hereby granted|redistribution and use in source|licensed under the/i;
const licenceName = /^licen[cs]e/i;

/** Every Markdown section under a `node_modules` folder, licences left out and repeated texts kept once. */
export async function readSections(folder: string): Promise<Section[]> {
  const files = await markdownFiles(folder);
  const seen = new Set<string>();
  const sections: Section[] = [];
  for (const file of files) {
    const text = await readFile(join(folder, file), "utf8").catch(() => "");
    for (const section of split(file, text)) {
      if (isLicence(section) || seen.has(section.text) || words(section.text).length < fewestWords) continue;
      seen.add(section.text);
      sections.push(section);
    }
  }
  return sections;
}

async function markdownFiles(folder: string): Promise<string[]> {
  // `withFileTypes` keeps readdir from following links, and a workspace links back to its root.
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(md|markdown)$/i.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

function split(file: string, text: string): Section[] {
  const packageName = packageOf(file);
  const parts = text.split(/^(?=#{1,6} )/m);
  return parts.map((part) => {
    const heading = /^#{1,6} +(.*)/.exec(part)?.[1] ?? "";
    return { packageName, file, heading: plain(heading), text: part };
  });
}

function isLicence({ file, heading, text }: Section): boolean {
  return licenceName.test(basename(file)) || licenceName.test(heading) || licenceText.test(text);
}

function packageOf(file: string): string {
  const parts = file.split(sep);
  const start = parts.lastIndexOf("node_modules") + 1;
  const length = parts[start]?.startsWith("@") ? 2 : 1;
  return parts.slice(start, start + length).join("/");
}

function plain(markdown: string): string {
  return markdown
    .replace(/!\[[^\]]*\](\([^)]*\)|\[[^\]]*\])?/g, "")
    .replace(/\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])?/g, "$1")
    .replace(/<[^>]*>|[`*_~]/g, "")
    .trim();
}

function words(text: string): string[] {
  return text.toLowerCase().match(/\p{L}[\p{L}\p{N}]+/gu) ?? [];
}

/**
 * TF-IDF with sublinear term frequency and smoothed inverse document frequency (Manning, Raghavan, Schütze,
 * "Introduction to Information Retrieval", 6.4), over the `terms` most widespread words that are not everywhere.
 */
export function tfIdf(sections: readonly Section[], terms: number): Vectors {
  const counts = sections.map((section) => {
    const count = new Map<string, number>();
    for (const word of words(section.text)) count.set(word, (count.get(word) ?? 0) + 1);
    return count;
  });
  const spread = new Map<string, number>();
  for (const count of counts) for (const word of count.keys()) spread.set(word, (spread.get(word) ?? 0) + 1);
  const chosen = [...spread]
    .filter(([, documents]) => documents > 1 && documents < sections.length / 5)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, terms);
  const column = new Map(chosen.map(([word], at) => [word, at]));
  const idf = chosen.map(([, documents]) => Math.log((1 + sections.length) / (1 + documents)) + 1);

  const data = new Float32Array(sections.length * terms);
  counts.forEach((count, at) => {
    const row = data.subarray(at * terms, (at + 1) * terms);
    for (const [word, times] of count) {
      const position = column.get(word);
      if (position !== undefined) row[position] = (1 + Math.log(times)) * (idf[position] ?? 0);
    }
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (length > 0) for (let i = 0; i < terms; i++) row[i] = (row[i] ?? 0) / length;
  });
  return { sections, terms, data };
}

/** The most similar sections of different packages, near copies left out, each package once. */
export function closest(sections: readonly Section[], cosines: Float32Array, count: number): Pair[] {
  const candidates: { a: number; b: number; cosine: number }[] = [];
  for (let a = 0; a < sections.length; a++) {
    for (let b = a + 1; b < sections.length; b++) {
      const cosine = cosines[a * sections.length + b] ?? 0;
      if (cosine < 0.5 || cosine > copyCosine) continue;
      candidates.push({ a, b, cosine });
    }
  }
  candidates.sort((x, y) => y.cosine - x.cosine);
  const used = new Set<string>();
  const pairs: Pair[] = [];
  for (const { a, b, cosine } of candidates) {
    const [first, second] = [sections[a], sections[b]];
    if (first === undefined || second === undefined || first.packageName === second.packageName) continue;
    if (used.has(first.packageName) || used.has(second.packageName)) continue;
    used.add(first.packageName).add(second.packageName);
    pairs.push({ a: first, b: second, cosine });
    if (pairs.length === count) break;
  }
  return pairs;
}

/** The nearest `node_modules` at or above a folder. */
export async function findPackages(from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules");
    const entries = await readdir(candidate).catch(() => []);
    if (entries.length > 0) return candidate;
    if (relative(folder, dirname(folder)) === "") return undefined;
  }
}
