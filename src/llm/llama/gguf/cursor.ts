import type { FileHandle } from "node:fs/promises";
import { formatBytes } from "../../../core/bytes.ts";
import { AikoError } from "../../../errors.ts";

const windowBytes = 1 << 18;

/** Reads a file front to back through a small window; whatever lies beyond its end is INVALID_FILE. */
export class FileCursor {
  readonly path: string;
  readonly fileBytes: number;
  readonly #file: FileHandle;
  #window = Buffer.alloc(0);
  #windowStart = 0;
  #at = 0;

  constructor(path: string, file: FileHandle, fileBytes: number) {
    this.path = path;
    this.#file = file;
    this.fileBytes = fileBytes;
  }

  get position(): number {
    return this.#windowStart + this.#at;
  }

  get left(): number {
    return this.fileBytes - this.position;
  }

  /** Whether so many bytes can be taken without waiting for the file. */
  has(bytes: number): boolean {
    return this.#at + bytes <= this.#window.length;
  }

  async need(bytes: number, what: string): Promise<void> {
    if (this.has(bytes)) return;
    if (bytes > this.left) {
      const { left } = this;
      throw this.invalid(
        `ends ${formatBytes(bytes - left)} too early, in ${what}`,
        "It may not have been copied whole.",
      );
    }
    const start = this.position;
    const window = Buffer.alloc(Math.min(Math.max(bytes, windowBytes), this.fileBytes - start));
    for (let done = 0; done < window.length; ) {
      const { bytesRead } = await this.#file.read(window, done, window.length - done, start + done);
      if (bytesRead === 0) throw this.invalid("became shorter while it was read");
      done += bytesRead;
    }
    this.#window = window;
    this.#windowStart = start;
    this.#at = 0;
  }

  /** Of what `need` has seen. */
  take(bytes: number): Buffer {
    const start = this.#at;
    this.#at += bytes;
    return this.#window.subarray(start, this.#at);
  }

  /** Past bytes that nobody looks at. */
  skip(bytes: number, what: string): void {
    if (bytes > this.left) throw this.invalid(`ends ${formatBytes(bytes - this.left)} too early, in ${what}`);
    if (this.has(bytes)) {
      this.#at += bytes;
      return;
    }
    this.#windowStart = this.position + bytes;
    this.#window = Buffer.alloc(0);
    this.#at = 0;
  }

  invalid(what: string, hint?: string): AikoError {
    return new AikoError("INVALID_FILE", { message: `${this.path} is no sound GGUF file: it ${what}`, hint });
  }
}
