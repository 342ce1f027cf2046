import { bytesOf } from "../core/bytes.ts";
import type { DictionaryColumn, FixedColumn, HostColumn, TextColumn } from "../core/column.ts";
import { elementCountOf, elementOf } from "../core/column-make.ts";
import { type Field, physicalOf, typeText } from "../core/column-type.ts";
import { dtypes } from "../core/dtype.ts";
import { AikoError } from "../errors.ts";
import type { FixedPhysical, Memory } from "../kernels/columns/column.ts";
import type { MemoryManager, PoolBuffer, Reservation, Resident, UploadOptions } from "../memory/index.ts";
import { ColumnBuffer } from "./column-buffer.ts";
import type { DeviceColumn } from "./device-table.ts";
import { encodeColumn, rebaseOffsets } from "./encode.ts";

/** A column as devices hold it. */
export interface DeviceForm {
  readonly physical: FixedPhysical | "text";
  readonly values: ColumnBuffer;
  readonly offsets?: ColumnBuffer | undefined;
  readonly validity?: ColumnBuffer | undefined;
  readonly dictionary?: TextColumn | undefined;
  readonly nullCount?: number | undefined;
}

export function buffersOf({ values, offsets, validity }: DeviceForm): ColumnBuffer[] {
  return [values, offsets, validity].filter((buffer) => buffer !== undefined);
}

export function residentsOf(form: DeviceForm, memory: MemoryManager): Resident[] {
  return buffersOf(form).map((buffer) => buffer.resident(memory));
}

/** The column in the memory of a device, for as long as the reservation lasts. */
export async function loadForm(
  field: Field,
  form: DeviceForm,
  memory: MemoryManager,
  reservation: Reservation,
  options: UploadOptions,
): Promise<DeviceColumn> {
  const load = (buffer: ColumnBuffer): Promise<PoolBuffer> =>
    reservation.load(buffer.resident(memory), options);
  const { physical, dictionary, nullCount } = form;
  const values = await load(form.values);
  const validity = form.validity === undefined ? undefined : await load(form.validity);
  if (physical !== "text") return { field, memory: { physical, values, validity }, dictionary, nullCount };
  if (form.offsets === undefined)
    throw new AikoError("INTERNAL", { message: `${field.name} has no offsets` });
  return { field, memory: { physical, values, validity, offsets: await load(form.offsets) }, nullCount };
}

export type TakeBuffer = (source: Memory, bytes: number | undefined, label: string) => ColumnBuffer;

/** How a device holds a column that was computed there. */
export function adoptedForm(
  { field, memory, dictionary, nullCount }: DeviceColumn,
  rows: number,
  take: TakeBuffer,
): DeviceForm {
  const { name, type } = field;
  const { physical, validity } = memory;
  const expected = dictionary === undefined ? physicalOf(type) : "u32";
  if (physical !== expected) {
    throw new AikoError("INTERNAL", {
      message: `The column ${JSON.stringify(name)} is ${typeText(type)} and came as ${physical}, not ${expected}`,
    });
  }
  const bits = Math.ceil(rows / 8);
  const elements = elementCountOf(physical, rows) * dtypes[elementOf(physical)].bytes;
  return {
    physical,
    values: take(memory.values, physical === "text" ? undefined : elements, `${name} values`),
    offsets: memory.physical === "text" ? take(memory.offsets, (rows + 1) * 4, `${name} offsets`) : undefined,
    validity: validity === undefined ? undefined : take(validity, bits, `${name} validity`),
    dictionary,
    nullCount,
  };
}

/** How devices hold a column of the host; text that repeats becomes codes. Rejects with UNSUPPORTED for lists. */
export async function formOf({ name, type }: Field, column: HostColumn): Promise<DeviceForm> {
  switch (column.layout) {
    case "fixed":
      return fixedForm(name, column);
    case "dictionary":
      return codesForm(name, column);
    case "text": {
      const encoded = await encodeColumn(column);
      return encoded === undefined ? textForm(name, column) : codesForm(name, encoded);
    }
    case "list":
      throw new AikoError("UNSUPPORTED", {
        message: `The column ${JSON.stringify(name)} is ${typeText(type)}, which stays on the host`,
      });
  }
}

function fixedForm(name: string, column: FixedColumn): DeviceForm {
  const physical = physicalOf(column.type) as FixedPhysical;
  const elements = elementCountOf(physical, column.length);
  const values = (column.values as Uint8Array).subarray(0, elements);
  return {
    physical,
    values: ColumnBuffer.onHost(bytesOf(values), `${name} values`),
    ...nullsOf(name, column),
  };
}

function codesForm(name: string, column: DictionaryColumn): DeviceForm {
  const codes = column.codes.subarray(0, column.length);
  return {
    physical: "u32",
    values: ColumnBuffer.onHost(bytesOf(codes), `${name} codes`),
    dictionary: column.dictionary,
    ...nullsOf(name, column),
  };
}

function textForm(name: string, column: TextColumn): DeviceForm {
  const { length, bytes } = column;
  const offsets = column.offsets.subarray(0, length + 1);
  const first = offsets[0] ?? 0;
  const label = `${name} offsets`;
  return {
    physical: "text",
    values: ColumnBuffer.onHost(bytes.subarray(first, offsets[length]), `${name} bytes`),
    offsets:
      first === 0
        ? ColumnBuffer.onHost(bytesOf(offsets), label)
        : ColumnBuffer.later(offsets.byteLength, label, async () => bytesOf(await rebaseOffsets(offsets))),
    ...nullsOf(name, column),
  };
}

function nullsOf(name: string, { validity, nullCount, length }: HostColumn) {
  if (validity === undefined || nullCount === 0) return { nullCount: 0 };
  const bits = validity.subarray(0, Math.ceil(length / 8));
  return { validity: ColumnBuffer.onHost(bits, `${name} validity`), nullCount };
}
