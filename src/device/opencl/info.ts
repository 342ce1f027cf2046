import type { Handle, Library } from "./library.ts";

type Query = (name: number, size: number, value: Handle, sizeOut: Handle) => number;

function query(library: Library, get: Query, name: number): Uint8Array | undefined {
  library.put(0, 0);
  if (get(name, 0, 0, library.slot(0)) !== 0) return undefined;
  const size = Number(library.slots[0]);
  if (size === 0) return new Uint8Array(0);
  const value = library.pin(new Uint8Array(new ArrayBuffer(size)));
  return get(name, size, value.address, 0) === 0 ? value.bytes : undefined;
}

/** Typed access to the clGet...Info functions; what a driver does not know reads as zero or empty. */
export class Info {
  readonly #library: Library;
  readonly #get: Query;

  constructor(library: Library, get: Query) {
    this.#library = library;
    this.#get = get;
  }

  bytes(name: number): Uint8Array {
    return query(this.#library, this.#get, name) ?? new Uint8Array(0);
  }

  text(name: number): string {
    return Buffer.from(this.bytes(name)).toString("utf8").replace(/\0+$/, "").trim();
  }

  /** A cl_uint, cl_bool, size_t or cl_ulong. */
  number(name: number): number {
    return this.numbers(name)[0] ?? 0;
  }

  /** An array of size_t or handles, or one number of 4 or 8 bytes. */
  numbers(name: number): number[] {
    const bytes = this.bytes(name);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.byteLength === 4) return [view.getUint32(0, true)];
    return Array.from({ length: bytes.byteLength >> 3 }, (_, at) => Number(view.getBigUint64(at * 8, true)));
  }
}

export function platformInfo(library: Library, platform: Handle): Info {
  return new Info(library, (name, size, value, sizeOut) =>
    library.cl.clGetPlatformInfo(platform, name, size, value, sizeOut),
  );
}

export function deviceInfo(library: Library, device: Handle): Info {
  return new Info(library, (name, size, value, sizeOut) =>
    library.cl.clGetDeviceInfo(device, name, size, value, sizeOut),
  );
}

export function buildInfo(library: Library, program: Handle, device: Handle): Info {
  return new Info(library, (name, size, value, sizeOut) =>
    library.cl.clGetProgramBuildInfo(program, device, name, size, value, sizeOut),
  );
}
