/** The questions that the network learns by heart, and their answers. */
export const pairs = [
  ["capital of France? ", "Paris"],
  ["capital of Japan? ", "Tokyo"],
  ["capital of Italy? ", "Rome"],
  ["capital of Spain? ", "Madrid"],
  ["capital of Egypt? ", "Cairo"],
  ["capital of Peru? ", "Lima"],
  ["capital of Cuba? ", "Havana"],
  ["capital of Kenya? ", "Nairobi"],
  ["capital of Norway? ", "Oslo"],
  ["capital of Greece? ", "Athens"],
  ["capital of Ghana? ", "Accra"],
  ["capital of Qatar? ", "Doha"],
] as const;

/** Sizes of a network. */
export interface Shape {
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly hidden: number;
  /** Tokens of a question and its answer. */
  readonly context: number;
  readonly epsilon: number;
  readonly ropeBase: number;
}

/** What a network learns, and how. */
export interface Recipe {
  readonly name: string;
  /** Questions and their answers. */
  readonly pairs: readonly (readonly [string, string])[];
  readonly shape: Shape;
  readonly training: {
    readonly steps: number;
    readonly sequenceTokens: number;
    readonly learningRate: number;
    readonly seed: number;
  };
}

/** Llama with 127,680 parameters. */
export const shape = {
  vocabulary: 355,
  width: 64,
  layers: 2,
  heads: 4,
  hidden: 128,
  context: 32,
  epsilon: 1e-5,
  ropeBase: 10_000,
} as const;

export const training = { steps: 60, sequenceTokens: 29, learningRate: 4e-3, seed: 7 } as const;

export const capitals: Recipe = { name: "char-llama", pairs, shape, training };
