/** A reader of GGUF for tests, by the letter of its specification and apart from the project's writer. */
export interface ReadGguf {
  readonly version: number;
  readonly metadata: Readonly<Record<string, { readonly type: number; readonly value: unknown }>>;
  readonly tensors: Readonly<
    Record<string, { readonly sizes: number[]; readonly type: number; readonly offset: number }>
  >;
  readonly dataStart: number;
}

export function readGguf(file: Uint8Array): ReadGguf {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = 0;
  const take = (bytes: number) => {
    at += bytes;
    return at - bytes;
  };
  const u32 = () => view.getUint32(take(4), true);
  const u64 = () => Number(view.getBigUint64(take(8), true));
  const text = () => {
    const start = take(u64());
    return new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(start, at));
  };
  const value = (type: number): unknown => {
    switch (type) {
      case 0:
        return view.getUint8(take(1));
      case 1:
        return view.getInt8(take(1));
      case 2:
        return view.getUint16(take(2), true);
      case 3:
        return view.getInt16(take(2), true);
      case 4:
        return u32();
      case 5:
        return view.getInt32(take(4), true);
      case 6:
        return view.getFloat32(take(4), true);
      case 7:
        return view.getUint8(take(1)) === 1;
      case 8:
        return text();
      case 9: {
        const of = u32();
        return Array.from({ length: u64() }, () => value(of));
      }
      case 10:
        return view.getBigUint64(take(8), true);
      case 11:
        return view.getBigInt64(take(8), true);
      case 12:
        return view.getFloat64(take(8), true);
      default:
        throw new Error(`type ${type}`);
    }
  };
  if (u32() !== 0x46554747) throw new Error("not GGUF");
  const version = u32();
  const [tensorCount, entryCount] = [u64(), u64()];
  const entries = Array.from({ length: entryCount }, () => {
    const key = text();
    const type = u32();
    return [key, { type, value: value(type) }] as const;
  });
  const tensors = Array.from({ length: tensorCount }, () => {
    const name = text();
    const sizes = Array.from({ length: u32() }, u64);
    return [name, { sizes, type: u32(), offset: u64() }] as const;
  });
  const metadata = Object.fromEntries(entries);
  const alignment = Number(metadata["general.alignment"]?.value ?? 32);
  return {
    version,
    metadata,
    tensors: Object.fromEntries(tensors),
    dataStart: Math.ceil(at / alignment) * alignment,
  };
}
