import { formatShape } from "../core/shape.ts";
import { open } from "../index.ts";
import type { NnTensor } from "../nn/index.ts";
import { providers } from "../nn/load.ts";
import type { Invocation } from "./command.ts";
import { assign, feedsOf } from "./nn-feeds.ts";
import { choiceOf } from "./nn-options.ts";
import { writeNpyTensor } from "./npy-tensor.ts";
import { formatMs } from "./table.ts";

const shownValues = 6;

export async function run(invocation: Invocation, file: string): Promise<number> {
  const { terminal, signal, flag } = invocation;
  const provider = choiceOf(invocation, "provider", providers);
  const placement = choiceOf(invocation, "placement", ["auto", "gpu", "cpu"]);
  await using gpu = await open();
  terminal.progress(`loading ${file}`);
  await using model = await gpu.nn.load(file, { provider, signal });
  const files = assign("output", invocation.texts("output"), model.outputs);
  const feeds = await feedsOf(invocation, model);
  terminal.progress(`running ${model.name}`);
  const wanted = files.length === 0 ? undefined : files.map(({ name }) => name);
  const options = { placement, strict: flag("strict"), signal, report: true, outputs: wanted };
  const { outputs, report } = await model.run(feeds, options);
  for (const { name, file: path } of files) {
    const tensor = outputs[name];
    if (tensor !== undefined) await writeNpyTensor(path, tensor);
  }
  const written = Object.fromEntries(files.map(({ name, file: path }) => [name, path]));
  terminal.json({
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, { dtype, shape, data }]) => [
        name,
        name in written ? { dtype, shape, file: written[name] } : { dtype, shape, data: listed(data) },
      ]),
    ),
    report,
  });
  for (const [name, tensor] of Object.entries(outputs)) {
    terminal.say(`${name}: ${tensor.dtype} ${formatShape(tensor.shape)}${ending(tensor, written[name])}`);
  }
  terminal.say(`${formatMs(report?.totalMs)} ms on ${report?.device}`);
  terminal.say(`because: ${report?.reason}`);
  return 0;
}

function ending({ data }: NnTensor, path: string | undefined): string {
  if (path !== undefined) return `, in ${path}`;
  const values = Array.from<unknown>(data.slice(0, shownValues)).map((value) =>
    typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value),
  );
  return `: ${values.join(", ")}${data.length > shownValues ? ", ..." : ""}`;
}

/** JSON has no integers beyond a double: those become texts. */
function listed(data: NnTensor["data"]): readonly unknown[] {
  return Array.from<unknown>(data).map((value) => (typeof value === "bigint" ? `${value}` : value));
}
