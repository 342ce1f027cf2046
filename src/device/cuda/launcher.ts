import type { Handle, Pinned } from "../../core/native.ts";
import { type AikoError, toAikoError } from "../../errors.ts";
import type { CudaLibrary } from "./library.ts";
import {
  copyCommand,
  copyWords,
  dispatchCommand,
  dispatchHeadWords,
  fillWords,
  numberAt,
  type Sequence,
} from "./sequence.ts";
import { check } from "./status.ts";

/** CUDA passes at most 4 KiB of arguments; each has eight bytes here. */
const maxArguments = 512;
const highWord = 2 ** 32;

/** Submits sequences to a stream, be it to run them or to capture them. */
export class Launcher {
  readonly #library: CudaLibrary;
  readonly #values: Pinned;
  readonly #words: Uint32Array;
  /** The address of each value, as the driver wants them. */
  readonly #table: Pinned;

  constructor(library: CudaLibrary) {
    this.#library = library;
    this.#values = library.pinned(maxArguments * 8);
    this.#words = new Uint32Array(this.#values.bytes.buffer, this.#values.bytes.byteOffset, maxArguments * 2);
    this.#table = library.pinned(maxArguments * 8);
    const table = new BigUint64Array(this.#table.bytes.buffer, this.#table.bytes.byteOffset, maxArguments);
    for (let at = 0; at < maxArguments; at++) table[at] = BigInt(this.#values.address + 8 * at);
  }

  /** Throws the first failure after all commands: one that fails does not keep the others from running. */
  submit(sequence: Sequence, stream: Handle, parameters: number): void {
    const { words, length } = sequence;
    let failure: AikoError | undefined;
    let dispatched = 0;
    for (let at = 0; at < length; ) {
      const isDispatch = words[at] === dispatchCommand;
      try {
        if (isDispatch) this.#dispatch(sequence, dispatched++, at, stream, parameters);
        else this.#move(words, at, stream, parameters);
      } catch (error) {
        failure ??= toAikoError(error);
      }
      at += isDispatch ? dispatchHeadWords + 2 * (words[at + 5] ?? 0) : moveWords(words[at]);
    }
    if (failure !== undefined) throw failure;
  }

  #move(words: Uint32Array, at: number, stream: Handle, parameters: number): void {
    const { cu } = this.#library;
    const to = numberAt(words, at + 1, parameters);
    if (words[at] === copyCommand) {
      const from = numberAt(words, at + 3, parameters);
      const byteLength = numberAt(words, at + 5, parameters);
      check(cu.cuMemcpyDtoDAsync_v2(to, from, byteLength, stream), "A copy");
    } else {
      const byteLength = numberAt(words, at + 3, parameters);
      check(cu.cuMemsetD8Async(to, 0, byteLength, stream), "A zero fill");
    }
  }

  #dispatch(
    { words, programs }: Sequence,
    index: number,
    at: number,
    stream: Handle,
    parameters: number,
  ): void {
    const program = programs[index];
    const count = words[at + 5] ?? 0;
    const first = at + dispatchHeadWords;
    for (let argument = 0; argument < count; argument++) {
      const value = numberAt(words, first + 2 * argument, parameters);
      this.#words[2 * argument] = value % highWord;
      this.#words[2 * argument + 1] = Math.floor(value / highWord);
    }
    if (program !== undefined) {
      const [x, y, z] = program.workgroupSize;
      const status = this.#library.cu.cuLaunchKernel(
        program.handle,
        words[at + 2] ?? 1,
        words[at + 3] ?? 1,
        words[at + 4] ?? 1,
        x,
        y,
        z,
        0,
        stream,
        this.#table.address,
        0,
      );
      check(status, `Launching ${program.label}`);
    }
  }
}

function moveWords(kind: number | undefined): number {
  return kind === copyCommand ? copyWords : fillWords;
}
