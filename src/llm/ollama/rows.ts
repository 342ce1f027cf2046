import { AikoError } from "../../errors.ts";

const mostRowBytes = 4 * 2 ** 20;
const mostRestBytes = 2 ** 20;
const [quote, backslash, open, close] = [0x22, 0x5c, 0x5b, 0x5d];

/**
 * Reads `{"embeddings":[[...],[...]], ...}` while it arrives: each row is parsed as it ends, so that no answer, however large,
 * holds the thread.
 */
export class RowReader {
  readonly rows: Float32Array[] = [];
  readonly #from: string;
  readonly #row: Uint8Array[] = [];
  readonly #rest: Uint8Array[] = [];
  #rowBytes = 0;
  #restBytes = 0;
  #depth = 0;
  #isText = false;
  #isEscaped = false;

  constructor(from: string) {
    this.#from = from;
  }

  push(bytes: Uint8Array): void {
    let start = 0;
    for (let at = 0; at < bytes.length; at++) {
      if (this.#depth === 2) {
        const end = bytes.indexOf(close, at);
        if (end === -1) break;
        this.#keepRow(bytes.subarray(start, end + 1));
        this.#endRow();
        this.#depth = 1;
        this.#keepRest(zero);
        start = end + 1;
        at = end;
        continue;
      }
      const byte = bytes[at];
      if (this.#isText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === backslash) this.#isEscaped = true;
        else if (byte === quote) this.#isText = false;
      } else if (byte === quote) this.#isText = true;
      else if (byte === open) {
        this.#depth++;
        if (this.#depth < 2) continue;
        this.#keepRest(bytes.subarray(start, at));
        start = at;
      } else if (byte === close) this.#depth--;
    }
    const tail = bytes.subarray(start);
    if (this.#depth === 2) this.#keepRow(tail);
    else this.#keepRest(tail);
  }

  /** What stands around the rows. */
  end(): unknown {
    try {
      return JSON.parse(Buffer.concat(this.#rest).toString("utf8"));
    } catch (cause) {
      throw this.#violation("its answer is not JSON, or ends in the middle", cause);
    }
  }

  #keepRow(part: Uint8Array): void {
    this.#rowBytes += part.length;
    if (this.#rowBytes > mostRowBytes) throw this.#violation(`an embedding exceeds ${mostRowBytes} bytes`);
    this.#row.push(part);
  }

  #keepRest(part: Uint8Array): void {
    this.#restBytes += part.length;
    if (this.#restBytes > mostRestBytes) throw this.#violation(`its answer exceeds ${mostRestBytes} bytes`);
    this.#rest.push(part);
  }

  #endRow(): void {
    const text = Buffer.concat(this.#row).toString("latin1");
    this.#row.length = 0;
    this.#rowBytes = 0;
    this.rows.push(this.#unit(this.#parse(text)));
  }

  #parse(text: string): Float32Array {
    let row: unknown;
    try {
      row = JSON.parse(text);
    } catch (cause) {
      throw this.#violation("an embedding is not JSON", cause);
    }
    const count = Array.isArray(row) ? row.length : 0;
    const values = new Float32Array(count);
    for (let at = 0; at < count; at++) {
      const value = (row as unknown[])[at];
      if (typeof value !== "number") throw this.#violation("an embedding is not a list of numbers");
      values[at] = value;
    }
    if (count > 0) return values;
    throw this.#violation("an embedding has no numbers");
  }

  /** Servers that are only compatible do not all normalise. */
  #unit(row: Float32Array): Float32Array {
    if (this.rows.length > 0 && this.rows[0]?.length !== row.length) {
      throw this.#violation(`embeddings have ${this.rows[0]?.length} and ${row.length} numbers`);
    }
    let squares = 0;
    for (const value of row) squares += value * value;
    const length = Math.sqrt(squares);
    if (!Number.isFinite(length)) throw this.#violation("an embedding has numbers beyond f32");
    if (length === 0 || Math.abs(length - 1) < 1e-3) return row;
    return row.map((value) => value / length);
  }

  #violation(what: string, cause?: unknown): AikoError {
    return new AikoError("PROTOCOL_VIOLATION", { message: `${this.#from}: ${what}`, cause });
  }
}

const zero = Uint8Array.of(0x30);
