import type { TensorFlow } from "aikoryu/nn";
import { forward, oneHot, type Weights, weightShapes } from "./model.ts";
import { capitals, type Recipe } from "./recipe.ts";
import { begin, encode, end } from "./vocabulary.ts";

type Tf = TensorFlow["tf"];

function initial(tf: Tf, { shape, training: { seed } }: Recipe): Weights {
  let next = seed;
  const numbers = (name: string, sizes: readonly number[]) => {
    const [outputs = 1, inputs] = sizes;
    if (inputs === undefined) return tf.ones([outputs]);
    const spread = name === "token_embd.weight" ? 0.5 : 0.5 / Math.sqrt(inputs);
    return tf.randomNormal([outputs, inputs], 0, spread, "float32", next++);
  };
  const variable = ([name, sizes]: [string, readonly number[]]) =>
    [name, tf.tidy(() => tf.variable(numbers(name, sizes)))] as const;
  return Object.fromEntries(Object.entries(weightShapes(shape)).map(variable));
}

/** Every question with its answer, as the tokens to see, those to say next, and which of these count. */
function examples({ pairs, training: { sequenceTokens } }: Recipe) {
  const count = pairs.length * sequenceTokens;
  const [inputs, targets, counted] = [new Int32Array(count), new Int32Array(count), new Float32Array(count)];
  pairs.forEach(([question, answer], row) => {
    const asked = [begin, ...encode(question)];
    const whole = [...asked, ...encode(answer), end];
    for (let at = 0; at + 1 < whole.length; at++) {
      const place = row * sequenceTokens + at;
      inputs[place] = whole[at] ?? end;
      targets[place] = whole[at + 1] ?? end;
      counted[place] = at + 1 >= asked.length ? 1 : 0;
    }
  });
  return { inputs, targets, counted };
}

/** Trains from nothing; `onStep` sees the loss before each step. */
export async function train(
  { tf }: TensorFlow,
  recipe: Recipe = capitals,
  onStep: (step: number, loss: number) => void = () => {},
): Promise<Weights> {
  const { pairs, shape, training } = recipe;
  const { steps, sequenceTokens, learningRate } = training;
  const weights = initial(tf, recipe);
  const { inputs, targets, counted } = examples(recipe);
  const tokens = tf.tensor(inputs, [pairs.length, sequenceTokens], "int32");
  const labels = tf.tidy(() => oneHot(tf, tf.tensor1d(targets, "int32"), shape.vocabulary));
  const mask = tf.tensor1d(counted);
  const optimizer = tf.train.adam(learningRate);
  for (let step = 0; step < steps; step++) {
    const loss = optimizer.minimize(
      () => {
        const logits = tf.reshape(forward(tf, weights, tokens, shape), [-1, shape.vocabulary]);
        return tf.losses.softmaxCrossEntropy(labels, logits, mask);
      },
      true,
      Object.values(weights),
    );
    const [value = Number.NaN] = (await loss?.data()) ?? [];
    loss?.dispose();
    onStep(step, value);
    // TensorFlow.js computes a step without a pause; other work gets its turn between two.
    await new Promise((resolve) => setImmediate(resolve));
  }
  optimizer.dispose();
  tf.dispose([tokens, labels, mask]);
  return weights;
}
