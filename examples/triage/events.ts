import type { Router } from "aikoryu/agents";
import type { LogLine } from "./logs.ts";

/** Lines that say the same. */
export interface LogEvent {
  readonly program: string;
  /** What the specialists call it: a key of `known`. */
  readonly kind: string;
  readonly count: number;
  /** One of the lines. */
  readonly sample: string;
}

/** What lines of a kind talk about. */
const vocabulary: Readonly<Record<string, string>> = {
  "dpkg install": "dpkg install",
  "dpkg upgrade": "dpkg upgrade",
  "dpkg configure": "dpkg configure trigproc",
  "dpkg installed": "dpkg status installed",
  "dpkg unpacked": "dpkg status unpacked startup archives",
  "dpkg half-done": "dpkg status half-installed half-configured",
  "dpkg triggers": "dpkg status triggers-pending triggers-awaited",
  "dpkg remove": "dpkg remove purge status not-installed config-files",
  "apt setup":
    "apt setting up unpacking preparing to unpack selecting previously unselected reading database",
  "apt failure": "apt debconf invoke unable could failed error",
  "npm step": "npm info silly verbose http",
  "npm warn": "npm warn",
  "npm error": "npm error",
  "system link": "system link group updated to point run with install",
};

export const dimensions = 256;

/** Words and their trigrams, hashed: texts that share them are near. */
export function embedding(text: string): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of text.toLowerCase().split(/[^a-z]+/)) {
    const padded = ` ${word} `;
    if (word === "") continue;
    add(vector, padded, 2);
    for (let at = 0; at + 3 <= padded.length; at++) add(vector, padded.slice(at, at + 3), 1);
  }
  return vector;
}

function add(vector: Float32Array, text: string, weight: number): void {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  vector[hash % dimensions] = (vector[hash % dimensions] ?? 0) + weight;
}

/** The words of a line that say what it is about. */
export function gist({ program, text }: LogLine): string {
  const said = text.replace(/^update-alternatives |^[^\w(]+/, "").replace(/^[\d\s.:-]+/, "");
  const words = said.split(/\s+/);
  const count = words[0] === "status" || words[0]?.endsWith(":") || program === "system" ? 2 : 1;
  return `${program} ${words.slice(0, count).join(" ")}`;
}

/** Lines by the kind of event whose vocabulary is nearest to theirs; what is near to none is "other event". */
export async function eventsOf(router: Router, lines: readonly LogLine[]): Promise<readonly LogEvent[]> {
  for (const [kind, text] of Object.entries(vocabulary)) router.set(kind, embedding(text));
  const gists = new Map<string, LogLine[]>();
  for (const line of lines) {
    const same = gists.get(gist(line)) ?? [];
    same.push(line);
    gists.set(gist(line), same);
  }
  const { matches } = await router.routeAll([...gists.keys()].map(embedding), { threshold: 0.5 });
  const events = new Map<string, LogEvent>();
  [...gists.values()].forEach((same, at) => {
    const kind = matches[at]?.[0]?.name ?? "other event";
    const { program, text } = same[0] as LogLine;
    const before = events.get(kind);
    events.set(kind, { program, kind, sample: text, ...before, count: same.length + (before?.count ?? 0) });
  });
  return [...events.values()];
}
