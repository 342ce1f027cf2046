import { isTurnLong, nextTurn } from "../../../core/turn.ts";
import type { FileCursor } from "./cursor.ts";
import { type ValueType, valueBytes, valueTypes } from "./types.ts";

/** A list in the metadata: what it holds is left in the file, unless it is short. */
export interface GgufList {
  readonly type: ValueType;
  readonly count: number;
  readonly values?: readonly GgufScalar[];
}

export type GgufScalar = number | bigint | boolean | string;
export type GgufMetadata = ReadonlyMap<string, GgufScalar | GgufList>;

const mostKeyBytes = 65_535;
const mostTextBytes = 16 << 20;
const mostKeptValues = 512;
const shortText = 1024;

export async function readText(cursor: FileCursor, most: number, what: string): Promise<string> {
  const bytes = await readCount(cursor, most, `the length of ${what}`);
  await cursor.need(bytes, what);
  return cursor.take(bytes).toString("utf8");
}

export async function readKey(cursor: FileCursor): Promise<string> {
  return await readText(cursor, mostKeyBytes, "a key");
}

/** A number of 64 bits that counts something of which there is at most `most`. */
export async function readCount(cursor: FileCursor, most: number, what: string): Promise<number> {
  await cursor.need(8, what);
  const count = cursor.take(8).readBigUInt64LE();
  if (count <= BigInt(Math.max(0, Math.floor(most)))) return Number(count);
  throw cursor.invalid(`gives ${count} as ${what}, of which there can be ${Math.floor(most)} at most`);
}

export async function readValue(cursor: FileCursor, key: string): Promise<GgufScalar | GgufList> {
  const type = await readType(cursor, key);
  return type === "array" ? await readList(cursor, key) : await readScalar(cursor, type, key);
}

async function readType(cursor: FileCursor, key: string): Promise<ValueType> {
  await cursor.need(4, key);
  const code = cursor.take(4).readUInt32LE();
  const type = valueTypes[code];
  if (type === undefined) throw cursor.invalid(`gives ${key} the type ${code}, which does not exist`);
  return type;
}

async function readScalar(cursor: FileCursor, type: ValueType, key: string): Promise<GgufScalar> {
  if (type === "string") return await readText(cursor, Math.min(mostTextBytes, cursor.left), key);
  await cursor.need(valueBytes[type], key);
  return scalarOf(cursor.take(valueBytes[type]), type);
}

async function readList(cursor: FileCursor, key: string): Promise<GgufList> {
  const type = await readType(cursor, key);
  if (type === "array") throw cursor.invalid(`holds a list of lists at ${key}`);
  const itemBytes = valueBytes[type];
  const count = await readCount(
    cursor,
    cursor.left / (itemBytes === 0 ? 8 : itemBytes),
    `the items of ${key}`,
  );
  if (count > mostKeptValues) {
    if (itemBytes > 0) cursor.skip(count * itemBytes, key);
    else await skipTexts(cursor, count, key);
    return { type, count };
  }
  const values: GgufScalar[] = [];
  for (let at = 0; at < count; at++) values.push(await readScalar(cursor, type, key));
  return { type, count, values };
}

async function skipTexts(cursor: FileCursor, count: number, key: string): Promise<void> {
  for (let at = 0; at < count; at++) {
    if (!cursor.has(8 + shortText)) {
      while (isTurnLong()) await nextTurn();
      if (!cursor.has(8)) await cursor.need(8, key);
    }
    const bytes = Number(cursor.take(8).readBigUInt64LE());
    cursor.skip(bytes, key);
  }
}

function scalarOf(bytes: Buffer, type: ValueType): GgufScalar {
  switch (type) {
    case "u8":
      return bytes.readUInt8();
    case "i8":
      return bytes.readInt8();
    case "u16":
      return bytes.readUInt16LE();
    case "i16":
      return bytes.readInt16LE();
    case "u32":
      return bytes.readUInt32LE();
    case "i32":
      return bytes.readInt32LE();
    case "f32":
      return bytes.readFloatLE();
    case "f64":
      return bytes.readDoubleLE();
    case "bool":
      return bytes.readUInt8() !== 0;
    case "u64":
      return bytes.readBigUInt64LE();
    default:
      return bytes.readBigInt64LE();
  }
}
