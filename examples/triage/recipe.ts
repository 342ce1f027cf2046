import { type Recipe, shape } from "../char-llama/recipe.ts";

export type Specialist = "packages" | "builds" | "system";
export const specialists: readonly Specialist[] = ["packages", "builds", "system"];

export type Level = "info" | "note" | "warn" | "error";
/** From harmless to urgent. */
export const levels: readonly Level[] = ["info", "note", "warn", "error"];

/** Who reads what a program logs. */
export const readers: Readonly<Record<string, Specialist>> = {
  dpkg: "packages",
  apt: "packages",
  npm: "builds",
  system: "system",
  other: "system",
};

/** Kinds of events that a specialist knows, and how urgent they are. */
export const known: Readonly<Record<string, Level>> = {
  "dpkg install": "info",
  "dpkg upgrade": "info",
  "dpkg configure": "info",
  "dpkg installed": "info",
  "dpkg unpacked": "info",
  "dpkg half-done": "note",
  "dpkg triggers": "note",
  "dpkg remove": "note",
  "apt setup": "info",
  "apt failure": "warn",
  "npm step": "info",
  "npm warn": "warn",
  "npm error": "error",
  "system link": "note",
  "other event": "note",
};

export const summaries: Readonly<Record<Level, string>> = {
  info: "All is well.",
  note: "Nothing to do.",
  warn: "Look into it.",
  error: "See to it now.",
};

/** What the agents say to the model: it answers nothing else than what it has learned. */
export const prompts = {
  reader: (program: string) => `${program}? `,
  level: (event: string) => `${event}? `,
  summary: (level: Level) => `worst ${level}? `,
};

const pairs: readonly (readonly [string, string])[] = [
  ...Object.entries(readers).map(([program, to]) => [prompts.reader(program), `{"to": "${to}"}`] as const),
  ...Object.entries(known).map(([event, level]) => [prompts.level(event), `{"level": "${level}"}`] as const),
  ...levels.map((level) => [prompts.summary(level), summaries[level]] as const),
];

export const triage: Recipe = {
  name: "triage",
  pairs,
  shape: { ...shape, context: 40 },
  training: { steps: 34, sequenceTokens: 34, learningRate: 7e-3, seed: 7 },
};
