import type { FileCursor } from "./cursor.ts";
import { tensorTypes } from "./types.ts";
import { readCount, readText } from "./values.ts";

export interface GgufTensorInfo {
  readonly name: string;
  readonly type: string;
  /** The first varies fastest. */
  readonly sizes: readonly number[];
  /** From where the numbers begin. */
  readonly offset: number;
  readonly bytes: number;
}

const mostNameBytes = 63;
const mostSizes = 4;

export async function readTensor(cursor: FileCursor): Promise<GgufTensorInfo> {
  const name = await readText(cursor, mostNameBytes, "the name of a tensor");
  await cursor.need(4, name);
  const dimensions = cursor.take(4).readUInt32LE();
  if (dimensions < 1 || dimensions > mostSizes) {
    throw cursor.invalid(`gives ${name} ${dimensions} sizes instead of 1 to ${mostSizes}`);
  }
  const sizes: number[] = [];
  for (let at = 0; at < dimensions; at++) {
    const size = await readCount(cursor, 2 ** 40, `a size of ${name}`);
    if (size === 0) throw cursor.invalid(`gives ${name} a size of 0`);
    sizes.push(size);
  }
  await cursor.need(12, name);
  const code = cursor.take(4).readUInt32LE();
  const type = tensorTypes[code];
  if (type === undefined) throw cursor.invalid(`stores ${name} as type ${code}, which is not known`);
  const [typeName, blockNumbers, blockBytes] = type;
  const [row = 1] = sizes;
  if (row % blockNumbers !== 0) {
    throw cursor.invalid(
      `stores rows of ${row} numbers of ${name} as ${typeName}, which takes ${blockNumbers} at a time`,
    );
  }
  const numbers = sizes.reduce((product, size) => product * size, 1);
  const bytes = (numbers / blockNumbers) * blockBytes;
  if (!Number.isSafeInteger(numbers) || bytes > cursor.fileBytes) {
    throw cursor.invalid(`is smaller than the ${sizes.join(" x ")} numbers of ${name}`);
  }
  const offset = cursor.take(8).readBigUInt64LE();
  if (offset > BigInt(cursor.fileBytes)) throw cursor.invalid(`places ${name} after its own end`);
  return { name, type: typeName, sizes, offset: Number(offset), bytes };
}
