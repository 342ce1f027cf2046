import { bitAt, countBits } from "../core/bitmap.ts";
import type { HostColumn } from "../core/column.ts";
import { dictionaryColumn, elementCountOf, elementOf, fixedColumn, textColumn } from "../core/column-make.ts";
import type { Field } from "../core/column-type.ts";
import { type DType, dtypes, type HostArray } from "../core/dtype.ts";
import { isTurnLong, nextTurn } from "../core/turn.ts";
import type { Timer } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import type { DeviceForm } from "./device-form.ts";

const piece = 1 << 16;

/** What a device holds, brought to the host. */
export async function hostColumnOf(
  { name, type }: Field,
  rows: number,
  { physical, values, offsets, validity, dictionary }: DeviceForm,
  timer: Timer | undefined,
): Promise<HostColumn> {
  const bits = await validity?.host(Math.ceil(rows / 8), timer);
  const nulls =
    bits === undefined ? { nullCount: 0 } : { validity: bits, nullCount: rows - countBits(bits, 0, rows) };
  if (physical === "text") {
    if (offsets === undefined) throw new AikoError("INTERNAL", { message: `${name} has no offsets` });
    const ends = arrayOf("i32", await offsets.host((rows + 1) * 4, timer), rows + 1) as Int32Array;
    return textColumn(ends, await values.host(Math.min(values.byteLength, ends[rows] ?? 0), timer), nulls);
  }
  const count = elementCountOf(physical, rows);
  const element = elementOf(physical);
  const data = arrayOf(element, await values.host(count * dtypes[element].bytes, timer), count);
  if (dictionary === undefined) return fixedColumn(type, rows, data, nulls);
  const codes = data as Uint32Array;
  await checkCodes(name, codes, dictionary.length, nulls.nullCount > 0 ? bits : undefined);
  return dictionaryColumn(codes, dictionary, nulls);
}

/** Null rows get code 0, as the host has it. */
async function checkCodes(
  name: string,
  codes: Uint32Array,
  texts: number,
  validity: Uint8Array | undefined,
): Promise<void> {
  for (let row = 0; row < codes.length; row++) {
    if (row % piece === 0) while (isTurnLong()) await nextTurn();
    if (validity !== undefined && !bitAt(validity, row)) codes[row] = 0;
    else if ((codes[row] ?? 0) >= texts) {
      throw new AikoError("INTERNAL", {
        message: `Row ${row} of ${JSON.stringify(name)} has code ${codes[row]} where its dictionary has ${texts} texts`,
      });
    }
  }
}

function arrayOf(dtype: DType, bytes: Uint8Array, length: number): HostArray {
  const { array } = dtypes[dtype];
  if (bytes.byteOffset % array.BYTES_PER_ELEMENT === 0) {
    return new array(bytes.buffer, bytes.byteOffset, length);
  }
  return new array(bytes.slice().buffer, 0, length);
}
