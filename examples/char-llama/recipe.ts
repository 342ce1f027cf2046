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
