import { totalmem } from "node:os";
import type { GgufHeader } from "./gguf/index.ts";
import { numberOf } from "./model-info.ts";
import type { LlamaSettings } from "./options.ts";

export interface Needs {
  /** About: weights, and keys and values of every sequence. */
  readonly bytes: number;
  readonly sequences: number;
  /** Tokens of each sequence. */
  readonly contextLength: number;
  readonly trainedContext: number;
}

const keyOrValueBytes = 2;
/** What llama.cpp computes in. */
const scratchBytes = 16 << 20;
const leastContext = 2;

/** What a model will take, with as many sequences as fit `mostBytes`, but one at least. */
export function estimate(
  header: GgufHeader,
  settings: Pick<LlamaSettings, "sequences"> & { readonly contextLength: number | undefined },
  mostBytes: number,
): Needs {
  const trainedContext = Math.max(leastContext, numberOf(header, "context_length") ?? leastContext);
  const contextLength = Math.min(trainedContext, settings.contextLength ?? trainedContext);
  const weights = header.tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  const eachSequence = contextLength * tokenBytes(header);
  const bytesWith = (count: number) => weights + count * eachSequence + scratchBytes;
  let { sequences } = settings;
  while (sequences > 1 && bytesWith(sequences) > mostBytes) sequences = Math.ceil(sequences / 2);
  return { bytes: bytesWith(sequences), sequences, contextLength, trainedContext };
}

/** Of keys and values of one token, in all layers. */
function tokenBytes(header: GgufHeader): number {
  const width = numberOf(header, "embedding_length") ?? 0;
  const heads = numberOf(header, "attention.head_count") ?? 1;
  const headWidth = width / Math.max(1, heads);
  const keyHeads = numberOf(header, "attention.head_count_kv") ?? heads;
  const key = numberOf(header, "attention.key_length") ?? headWidth;
  const value = numberOf(header, "attention.value_length") ?? headWidth;
  return (numberOf(header, "block_count") ?? 0) * keyHeads * (key + value) * keyOrValueBytes;
}

export function machineMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
