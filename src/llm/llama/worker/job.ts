import type { LlamaGrammar } from "node-llama-cpp";
import type { Piece, Sampling } from "../../provider.ts";

/** One text to make. */
export interface TextJob {
  readonly sampling: Sampling | undefined;
  readonly grammar: LlamaGrammar | undefined;
  readonly emit: (piece: Piece) => void;
  readonly signal: AbortSignal;
}
