import type { CudaProgram } from "./kernel.ts";

/** The high word of an argument that counts from the start of the sequence's parameters; no address has it. */
const inParameters = 0xffffffff;
const highWord = 2 ** 32;

export const dispatchCommand = 0;
export const copyCommand = 1;
export const fillCommand = 2;

/** Words of a dispatch before its arguments: kind, program, grid, number of arguments. */
export const dispatchHeadWords = 6;
export const copyWords = 7;
export const fillWords = 5;

/** An address, or where host data is in the parameters of the sequence. */
export type Place = { readonly address: number } | { readonly parameter: number };

/**
 * Consecutive commands of the compute stream as words, two for an address or an argument. Equal words mean equal work
 * on equal places; what the parameters hold is not among them.
 */
export class Sequence {
  words = new Uint32Array(256);
  length = 0;
  commands = 0;
  readonly programs: CudaProgram[] = [];
  /** Counts of the last pieces of other streams that it has to wait for. */
  afterUpload = 0;
  afterDownload = 0;

  /** Arguments follow, as many as announced. */
  dispatch(program: CudaProgram, groups: readonly [number, number, number], count: number): void {
    this.#reserve(dispatchHeadWords + 2 * count);
    this.words[this.length++] = dispatchCommand;
    this.words[this.length++] = program.id;
    this.words[this.length++] = groups[0];
    this.words[this.length++] = groups[1];
    this.words[this.length++] = groups[2];
    this.words[this.length++] = count;
    this.programs.push(program);
    this.commands++;
  }

  argument(value: number): void {
    this.words[this.length++] = value % highWord;
    this.words[this.length++] = Math.floor(value / highWord);
  }

  parameter(byteOffset: number): void {
    this.words[this.length++] = byteOffset;
    this.words[this.length++] = inParameters;
  }

  copy(to: number, from: Place, byteLength: number): void {
    this.#reserve(copyWords);
    this.words[this.length++] = copyCommand;
    this.argument(to);
    if ("address" in from) this.argument(from.address);
    else this.parameter(from.parameter);
    this.argument(byteLength);
    this.commands++;
  }

  /** Zeros. */
  fill(to: number, byteLength: number): void {
    this.#reserve(fillWords);
    this.words[this.length++] = fillCommand;
    this.argument(to);
    this.argument(byteLength);
    this.commands++;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.words.length) return;
    const wider = new Uint32Array(Math.max(this.words.length * 2, this.length + more));
    wider.set(this.words);
    this.words = wider;
  }

  /** FNV-1a by word. */
  hash(): number {
    let hash = 0x811c9dc5;
    for (let at = 0; at < this.length; at++) hash = Math.imul(hash ^ (this.words[at] ?? 0), 0x01000193);
    return hash >>> 0;
  }

  hasWords(words: Uint32Array): boolean {
    if (words.length !== this.length) return false;
    for (let at = 0; at < words.length; at++) if (words[at] !== this.words[at]) return false;
    return true;
  }
}

/** The number in two words, with the parameters at `parameters`. */
export function numberAt(words: Uint32Array, at: number, parameters: number): number {
  const low = words[at] ?? 0;
  const high = words[at + 1] ?? 0;
  return high === inParameters ? parameters + low : high * highWord + low;
}
