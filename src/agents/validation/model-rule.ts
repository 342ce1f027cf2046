import { AikoError } from "../../errors.ts";
import type { Model } from "../../nn/index.ts";
import { type LateMessage, type LateRule, type LateVerdict, lateLimits } from "./late.ts";
import { type Field, fieldOf, vectorOf } from "./message.ts";

export interface ModelOptions {
  /** Position among the outputs. Default 0. */
  readonly class?: number | undefined;
  /** The probability has to be from here. Default 0. */
  readonly least?: number | undefined;
  /** To here. Default 1. */
  readonly most?: number | undefined;
  /** What the model's first output is. Default "logits": softmax follows, or the logistic function where there is one. */
  readonly output?: "logits" | "probabilities" | undefined;
  /** Default 60,000. */
  readonly timeoutMs?: number | undefined;
}

/** A loaded model: `gpu.nn.load(...)`. */
type Classifier = Pick<Model, "name" | "inputs" | "outputs" | "run">;

/**
 * The probability of a class by a model that takes f32 [messages, width] and gives f32 [messages, classes]: one run for all that has
 * passed what devices do, placed by itself. Throws INVALID_ARGUMENT.
 */
export function model(field: Field, classifier: Classifier, options: ModelOptions = {}): LateRule {
  const { class: classAt = 0, least = 0, most = 1, output = "logits", timeoutMs = 60_000 } = options;
  const name = typeof field === "string" ? `model ${field}` : "model";
  const [input] = classifier.inputs;
  const [result] = classifier.outputs;
  const width = input?.shape?.[1];
  const isMatrix = input?.dtype === "f32" && input.shape?.length === 2 && typeof width === "number";
  if (!isMatrix || classifier.inputs.length !== 1 || result?.dtype !== "f32") {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${name} has the model ${classifier.name}, which does not make f32 of f32 [messages, width]`,
      hint: "Use a model of one input with a known width, or js() for others.",
    });
  }
  const { concurrency } = lateLimits(name, { concurrency: 1, timeoutMs });
  const judge = (probability: number): LateVerdict => ({
    ok: probability >= least && probability <= most,
    score: probability,
    message: `is of class ${classAt} with a probability of ${probability.toPrecision(4)}, not from ${least} to ${most}`,
  });
  const checkAll = async (messages: readonly LateMessage[], { signal }: { readonly signal: AbortSignal }) => {
    const vectors = messages.map(({ message }) => vectorOf(fieldOf(message, field), width));
    const given = vectors.filter((vector) => vector !== undefined);
    if (given.length === 0) return vectors.map(() => missing(width));
    const data = new Float32Array(given.length * width);
    for (const [at, vector] of given.entries()) data.set(vector, at * width);
    const { outputs } = await classifier.run(
      { [input.name]: { data, shape: [given.length, width] } },
      { signal, outputs: [result.name] },
    );
    const numbers = outputs[result.name]?.data as Float32Array;
    const classes = numbers.length / given.length;
    if (!Number.isInteger(classes) || classAt >= classes) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `${name} asks for class ${classAt}, and ${classifier.name} gave ${numbers.length} numbers for ${given.length} messages`,
        hint: "Classes are counted from 0.",
      });
    }
    let next = 0;
    return vectors.map((vector) => {
      if (vector === undefined) return missing(width);
      const line = numbers.subarray(next, next + classes);
      next += classes;
      return judge(output === "probabilities" ? (line[classAt] ?? NaN) : probabilityOf(line, classAt));
    });
  };
  return {
    kind: "late",
    asks: "network",
    name,
    concurrency,
    timeoutMs,
    checkAll,
    check: async (message, context) => (await checkAll([message], context))[0] ?? { ok: false },
  };
}

function missing(width: number): LateVerdict {
  return { ok: false, message: `has no vector of ${width} numbers` };
}

function probabilityOf(logits: Float32Array, classAt: number): number {
  const own = logits[classAt] ?? NaN;
  let sum = logits.length === 1 ? 1 + Math.exp(-own) : 0;
  if (logits.length > 1) for (const logit of logits) sum += Math.exp(logit - own);
  return 1 / sum;
}
