import type { Slot, TableShape } from "./flatbuffer.ts";

/** https://github.com/apache/arrow/tree/main/format: Message.fbs, Schema.fbs and File.fbs. */
const scalar = (bytes: number): Slot => ({ kind: "scalar", bytes });
const vector = (bytes: number): Slot => ({ kind: "vector", bytes });
const text = vector(1);

const keyValue: TableShape = [text, text];
const metadata: Slot = { kind: "tables", of: () => keyValue };
const intType: TableShape = [scalar(4), scalar(1)];

const types: Readonly<Record<number, TableShape>> = {
  2: intType,
  3: [scalar(2)],
  7: [scalar(4), scalar(4), scalar(4)],
  8: [scalar(2)],
  9: [scalar(2), scalar(4)],
  10: [scalar(2), text],
  11: [scalar(2)],
  14: [scalar(2), vector(4)],
  15: [scalar(4)],
  16: [scalar(4)],
  17: [scalar(1)],
  18: [scalar(2)],
};

const dictionaryEncoding: TableShape = [
  scalar(8),
  { kind: "table", of: () => intType },
  scalar(1),
  scalar(2),
];

const field: TableShape = [
  text,
  scalar(1),
  scalar(1),
  { kind: "union", of: () => types },
  { kind: "table", of: () => dictionaryEncoding },
  { kind: "tables", of: () => field },
  metadata,
];

const schema: TableShape = [scalar(2), { kind: "tables", of: () => field }, metadata, vector(8)];

const recordBatch: TableShape = [
  scalar(8),
  vector(16),
  vector(16),
  { kind: "table", of: () => [scalar(1), scalar(1)] },
  vector(8),
];

const dictionaryBatch: TableShape = [scalar(8), { kind: "table", of: () => recordBatch }, scalar(1)];

/** Of `MessageHeader`. */
export const headers = { schema: 1, dictionaryBatch: 2, recordBatch: 3 } as const;

export const message: TableShape = [
  scalar(2),
  scalar(1),
  { kind: "union", of: () => ({ 1: schema, 2: dictionaryBatch, 3: recordBatch }) },
  scalar(8),
  metadata,
];

export const footer: TableShape = [
  scalar(2),
  { kind: "table", of: () => schema },
  vector(24),
  vector(24),
  metadata,
];
