import type { Model, TensorFlow } from "aikoryu/nn";
import { forward, type Weights } from "./model.ts";
import { shape } from "./recipe.ts";
import { begin, decode, encode, end } from "./vocabulary.ts";

/** Logits of every position for one row of tokens, `vocabulary` numbers each. */
export type Predict = (tokens: readonly number[]) => Promise<Float32Array>;

/** Says what most likely comes next, token by token, until the text ends. */
export async function answer(predict: Predict, question: string): Promise<string> {
  const tokens = [begin, ...encode(question)];
  const asked = tokens.length;
  while (tokens.length < shape.context) {
    const logits = await predict(tokens);
    const start = (tokens.length - 1) * shape.vocabulary;
    const last = logits.subarray(start, start + shape.vocabulary);
    const next = last.indexOf(Math.max(...last));
    if (next === end) break;
    tokens.push(next);
  }
  return decode(tokens.slice(asked));
}

export function tensorFlowPredict({ tf }: TensorFlow, weights: Weights): Predict {
  return async (tokens) => {
    const logits = tf.tidy(() => forward(tf, weights, tf.tensor([...tokens], [1, tokens.length], "int32")));
    const values = await logits.data<"float32">();
    logits.dispose();
    return values;
  };
}

/** The ONNX model takes texts of a fixed length; what comes after a text does not change its logits. */
export function onnxPredict(model: Model): Predict {
  return async (tokens) => {
    const data = BigInt64Array.from({ length: shape.context }, (_, at) => BigInt(tokens[at] ?? end));
    const { outputs } = await model.run({ tokens: { data, shape: [1, shape.context] } });
    return outputs["logits"]?.data as Float32Array;
  };
}
