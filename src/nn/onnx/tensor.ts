import { elementCount, formatShape, type Shape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";
import { dataField, decodeBytes, decodeFields } from "./decode.ts";
import { type ElementType, elementBits, elementType, elementTypeName } from "./elements.ts";
import type { ExternalData, OnnxTensor, TensorData } from "./model.ts";
import { invalidFile, WireReader } from "./wire.ts";

const mostDimensions = 64;

/** Numbers of the fields of TensorProto. */
const fields = { dims: 1, type: 2, segment: 3, name: 8, raw: 9, external: 13, location: 14 } as const;
const stringField = 6;

interface Header {
  name: string;
  elementType: number;
  shape: Shape;
  raw: Uint8Array | undefined;
  isExternal: boolean;
  external: Map<string, string>;
  /** Bytes of each typed data field, and how many times it occurs. */
  typed: Map<number, { bytes: number; count: number }>;
}

/** Reads a TensorProto. Sizes are checked against the data there is; the data itself is decoded when asked for. */
export function parseTensor(message: Uint8Array, depth: number): StoredTensor {
  const header: Header = {
    name: "",
    elementType: 0,
    shape: [],
    raw: undefined,
    isExternal: false,
    external: new Map(),
    typed: new Map(),
  };
  try {
    readHeader(new WireReader(message, 0, message.length, depth), header);
    return new StoredTensor(header, message);
  } catch (error) {
    if (!(error instanceof AikoError)) throw error;
    const { code, message: text, hint } = error;
    throw new AikoError(code, { message: `Tensor "${header.name}": ${text}`, hint });
  }
}

/** A tensor as it lies in its file. */
export class StoredTensor implements OnnxTensor {
  readonly name: string;
  readonly dtype: ElementType;
  readonly elementType: number;
  readonly shape: Shape;
  readonly external: ExternalData | undefined;
  readonly #message: Uint8Array;
  #bytes: Uint8Array | undefined;
  #data: TensorData | undefined;

  constructor(header: Header, message: Uint8Array) {
    this.name = header.name;
    this.elementType = header.elementType;
    this.dtype = elementType(header.elementType);
    this.shape = header.shape;
    this.#message = message;
    this.external = header.isExternal ? externalData(header.external) : undefined;
    checkSize(header, this.external);
    this.#bytes = this.external === undefined ? header.raw : undefined;
  }

  get bytes(): Uint8Array | undefined {
    return this.#bytes;
  }

  get data(): TensorData {
    this.#data ??= this.#decode();
    return this.#data;
  }

  /** Stored size in bytes; 0 for strings. */
  get byteLength(): number {
    return storedBytes(this.elementType, this.shape);
  }

  /** Takes the data read from the file that `external` names, which must have `byteLength` bytes. */
  fill(bytes: Uint8Array): void {
    this.#bytes = bytes;
  }

  #decode(): TensorData {
    if (this.#bytes !== undefined) return decodeBytes(this.#bytes, this.dtype);
    if (this.external !== undefined) {
      throw new AikoError("INVALID_FILE", {
        message: `Tensor "${this.name}" is in ${JSON.stringify(this.external.location)}, which was not read`,
        hint: "Load the model by its path, not from bytes.",
      });
    }
    return decodeFields(this.#message, this);
  }
}

function readHeader(reader: WireReader, header: Header): void {
  const dims: bigint[] = [];
  while (reader.next()) {
    const { field } = reader;
    if (field === fields.dims) reader.integers(dims, mostDimensions, "Its list of dimensions");
    else if (field === fields.type) header.elementType = reader.integer("Its element type");
    else if (field === fields.name) header.name = reader.text("Its name");
    else if (field === fields.raw) header.raw = reader.bytes();
    else if (field === fields.location) header.isExternal = reader.integer("Its data location") === 1;
    else if (field === fields.external) readEntry(reader.message(), header.external);
    else if (field === fields.segment) throw invalidFile("it is a segment, which is not supported");
    else countData(reader, field, header.typed);
  }
  header.shape = toShape(dims);
}

function countData(reader: WireReader, field: number, typed: Header["typed"]): void {
  const size = field === 4 ? 4 : field === 10 ? 8 : field === 5 || field === 7 || field === 11 ? "varint" : 0;
  if (size === 0 && field !== stringField) return;
  const found = typed.get(field) ?? { bytes: 0, count: 0 };
  typed.set(field, found);
  found.bytes += (size === 0 ? reader.bytes() : reader.packed(size)).length;
  found.count++;
}

/** A StringStringEntryProto. */
export function readEntry(reader: WireReader, map: Map<string, string>): void {
  let key = "";
  let value = "";
  while (reader.next()) {
    if (reader.field === 1) key = reader.text("A key");
    else if (reader.field === 2) value = reader.looseText();
  }
  map.set(key, value);
}

export function toShape(dims: readonly bigint[]): Shape {
  const shape = dims.map(Number);
  const wrong = dims.find((size) => size < 0n);
  if (wrong !== undefined) throw invalidFile(`its dimension of ${wrong} is negative`);
  if (!shape.includes(0) && !Number.isSafeInteger(elementCount(shape) * 16)) {
    throw invalidFile(`its shape ${formatShape(shape)} is too large for any memory`);
  }
  return shape;
}

function storedBytes(element: number, shape: Shape): number {
  return Math.ceil((elementCount(shape) * (elementBits(element) ?? 0)) / 8);
}

function checkSize(header: Header, external: ExternalData | undefined): void {
  const { elementType: number, shape, raw, typed } = header;
  if (elementBits(number) === undefined) throw invalidFile(`there is no element type ${number}`);
  const count = elementCount(shape);
  const expected = storedBytes(number, shape);
  const what = `${formatShape(shape)} of ${elementTypeName(number)}`;
  if (external !== undefined) {
    if (elementType(number) === "string") throw invalidFile("strings cannot be external data");
    if (external.length !== undefined && external.length !== expected)
      throw invalidFile(`${what} needs ${expected} bytes, its external data has ${external.length}`);
    return;
  }
  if (raw !== undefined) {
    if (elementType(number) === "string") throw invalidFile("strings cannot be raw data");
    if (raw.length !== expected)
      throw invalidFile(`${what} needs ${expected} bytes, its raw data has ${raw.length}`);
    return;
  }
  const { bytes, count: found } = typed.get(dataField(number)) ?? { bytes: 0, count: 0 };
  const isString = elementType(number) === "string";
  const [least, most] = isString ? [count, count] : sizeRange(number, count);
  const held = isString ? found : bytes;
  if (held < least || held > most) {
    const there = isString ? `${found} are there` : `its data has ${bytes} bytes`;
    throw invalidFile(`${what} needs ${count} elements, ${there}`);
  }
}

/** How many bytes the typed field of `count` elements may take. */
function sizeRange(number: number, count: number): readonly [number, number] {
  const field = dataField(number);
  const bits = elementBits(number) ?? 0;
  if (field === 4 || field === 10) return [(count * bits) / 8, (count * bits) / 8];
  const entries = bits < 8 ? Math.ceil((count * bits) / 8) : count;
  return [entries, Math.max(count, entries) * 10];
}

function externalData(entries: ReadonlyMap<string, string>): ExternalData {
  const location = entries.get("location") ?? "";
  if (location === "") throw invalidFile("its data is external, but no location is given");
  return { location, offset: size(entries, "offset") ?? 0, length: size(entries, "length") };
}

function size(entries: ReadonlyMap<string, string>, key: string): number | undefined {
  const text = entries.get(key);
  if (text === undefined || text === "") return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value))
    throw invalidFile(`its external data has ${key} ${JSON.stringify(text.slice(0, 40))}`);
  return value;
}
