import { suggest } from "../core/suggest.ts";
import type { Command, Invocation } from "./command.ts";
import { nnUsage } from "./nn-options.ts";

type Action = (invocation: Invocation, file: string) => Promise<number>;

const actions: Readonly<Record<string, () => Promise<Action>>> = {
  run: async () => (await import("./nn-run.ts")).run,
  info: async () => (await import("./nn-info.ts")).info,
  bench: async () => (await import("./nn-bench.ts")).bench,
};

export const nn: Command = {
  usage: `Usage: aikoryu nn run MODEL.onnx --input [NAME=]X.npy ... [options]
       aikoryu nn info MODEL.onnx
       aikoryu nn bench MODEL.onnx [--input [NAME=]X.npy ...] [--batch 1,32]

run computes a model's outputs, info shows what is in its file, bench times it
on every provider.

  -i, --input [NAME=]FILE      a tensor; NAME may be left out where the model
                               has one input, or for all in the model's order
  -o, --output [NAME=]FILE     where an output goes; default: a summary of each
  --provider auto|cpu|webgpu|aikoryu
                               who computes (default auto: the faster of ONNX
                               Runtime's CPU provider and our own executor)
  --placement auto|gpu|cpu     for provider auto: where (default auto)
  --strict                     fail where the CPU would have taken over
  --batch SIZES                bench: sizes of the open dimensions (default 1)
  --json                       everything, with the report of the run
`,
  options: {
    input: { type: "string", short: "i", multiple: true },
    output: { type: "string", short: "o", multiple: true },
    provider: { type: "string" },
    placement: { type: "string" },
    strict: { type: "boolean" },
    batch: { type: "string" },
  },
  async run(invocation) {
    const [name, file, ...more] = invocation.positionals;
    const names = Object.keys(actions);
    if (name === undefined) throw nnUsage(`nn needs an action: ${names.join(", ")}`);
    const load = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (load === undefined) {
      const near = suggest(name, names);
      throw nnUsage(`nn has no action "${name}"`, near && `Did you mean ${near}? `);
    }
    if (file === undefined) throw nnUsage(`nn ${name} needs a model: MODEL.onnx`);
    if (more.length > 0) {
      throw nnUsage(`nn ${name} takes one model, not ${more.length + 1}`, "Tensors go after --input. ");
    }
    return (await load())(invocation, file);
  },
};
