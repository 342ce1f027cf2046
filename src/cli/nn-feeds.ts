import type { HostArray } from "../core/dtype.ts";
import { suggest } from "../core/suggest.ts";
import type { Model, ModelValue, TensorInput } from "../nn/index.ts";
import type { Invocation } from "./command.ts";
import { nnUsage } from "./nn-options.ts";
import { readNpyTensor } from "./npy-tensor.ts";

interface Assignment {
  readonly name: string;
  readonly file: string;
}

/** "NAME=FILE", or a file for the next one in the model's order. Throws a usage error. */
export function assign(
  kind: "input" | "output",
  texts: readonly string[],
  values: readonly ModelValue[],
): Assignment[] {
  const names = values.map(({ name }) => name);
  const assigned = texts.map((text, at) => {
    const cut = text.indexOf("=");
    const name = cut < 0 ? names[at] : text.slice(0, cut);
    if (name === undefined) {
      throw nnUsage(`The model has ${names.length} ${kind}s, not ${texts.length}: ${names.join(", ")}`);
    }
    if (!names.includes(name)) {
      const near = suggest(name, names);
      throw nnUsage(
        `The model has no ${kind} "${name}"`,
        near === undefined ? `Its ${kind}s: ${names.join(", ")}. ` : `Did you mean ${near}? `,
      );
    }
    return { name, file: cut < 0 ? text : text.slice(cut + 1) };
  });
  const twice = assigned.find(({ name }, at) => assigned.findIndex((other) => other.name === name) < at);
  if (twice !== undefined) throw nnUsage(`The ${kind} "${twice.name}" is given twice`);
  return assigned;
}

/** The tensors named on the command line. Files of another number type are converted where nothing but rounding is lost. */
export async function feedsOf(
  invocation: Invocation,
  model: Model,
): Promise<Readonly<Record<string, TensorInput>>> {
  const needed = model.inputs.filter(({ optional }) => !optional);
  const texts = invocation.texts("input");
  const values = texts.some((text) => text.includes("=")) ? model.inputs : needed;
  const feeds: Record<string, TensorInput> = {};
  for (const { name, file } of assign("input", texts, values)) {
    invocation.terminal.progress(`reading ${file}`);
    const tensor = await readNpyTensor(file);
    const wanted = model.inputs.find((input) => input.name === name)?.dtype ?? "unsupported";
    const { data, shape, dtype } = tensor;
    const fits = dtype === wanted || wanted === "unsupported" || wanted === "string";
    feeds[name] = fits ? tensor : { data: plain(data), shape, dtype: wanted };
  }
  return feeds;
}

function plain(data: HostArray): readonly (number | bigint)[] {
  return Array.from<number | bigint>(data as Iterable<number | bigint>);
}
