import { formatShape } from "../core/shape.ts";
import { suggest } from "../core/suggest.ts";
import { type Gpu, open } from "../index.ts";
import { type AnyMatrix, Matrix } from "../matrix/index.ts";
import { type Command, type Invocation, UsageError } from "./command.ts";
import { type Verb, type VerbOptions, verbs } from "./matrix-verbs.ts";
import { formatMs } from "./table.ts";

const placements = ["auto", "gpu", "cpu"] as const;
const mostShown = 8;

export const matrix: Command = {
  usage: `Usage: aikoryu matrix OPERATION A [B] [-o FILE] [options]

Computes with .npy and .npz files of any shape and writes the result in the
format that FILE ends with. Without -o, the first numbers are shown. Several
results, as of svd, go into an .npz. An existing FILE is replaced when all is
done. Numbers are computed with as f32, whatever type they are stored in, but
convert keeps the type.

${listing()}

  -o, --output FILE            where the result goes: .npy or .npz
  --axis N[,N...]              which axes; from the end where negative
  --keep-dims                  leave reduced axes there with size 1
  --descending                 sort the largest first
  --k N                        how many topK takes (default 1)
  --transpose-a, --transpose-b multiply by the transpose of A, of B
  --placement auto|gpu|cpu     where to compute (default auto: the faster one)
  --strict                     fail where the CPU would have taken over
  --json                       shapes, files and the report of the call

A file of several arrays needs a name: weights.npz#layer1
`,
  options: {
    output: { type: "string", short: "o" },
    axis: { type: "string" },
    "keep-dims": { type: "boolean" },
    descending: { type: "boolean" },
    k: { type: "string" },
    "transpose-a": { type: "boolean" },
    "transpose-b": { type: "boolean" },
    placement: { type: "string" },
    strict: { type: "boolean" },
  },
  async run(invocation) {
    const [name, ...files] = invocation.positionals;
    if (name === undefined) throw usage(`matrix needs an operation: ${Object.keys(verbs).join(", ")}`);
    const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
    if (verb === undefined) {
      const near = suggest(name, Object.keys(verbs));
      throw usage(`matrix has no operation "${name}"`, near && `Did you mean ${near}? `);
    }
    if (files.length !== verb.takes.length) {
      const wanted = verb.takes.length === 1 ? "one file" : `${verb.takes.length} files`;
      throw usage(`${name} takes ${wanted}, not ${files.length}`);
    }
    const options = optionsOf(invocation, name, verb);
    const output = outputOf(invocation);
    return compute(invocation, name, verb, files, options, output);
  },
};

async function compute(
  invocation: Invocation,
  name: string,
  verb: Verb,
  files: readonly string[],
  options: VerbOptions,
  output: string | undefined,
): Promise<number> {
  const { terminal, signal } = invocation;
  await using gpu = await open();
  const inputs: Matrix[] = [];
  for (const file of files) {
    terminal.progress(`reading ${file}`);
    inputs.push(await readOne(gpu, file, verb, signal));
  }
  const shapes = inputs.map(({ shape }) => formatShape(shape)).join(" and ");
  terminal.progress(`${name} of ${shapes}`);
  const result = await verb.run(gpu.matrix, inputs, options);
  const results = result instanceof Matrix ? { result } : { ...result };
  if (output !== undefined) {
    terminal.progress(`writing ${output}`);
    await write(gpu, output, results, signal);
  }
  const report = Object.values(results)[0]?.report;
  const described = Object.entries(results).map(([key, { shape, dtype }]) => ({ name: key, shape, dtype }));
  const [single, ...more] = described;
  terminal.json({
    output: output ?? null,
    ...(more.length === 0 ? { shape: single?.shape, dtype: single?.dtype } : { results: described }),
    report,
    ...(output === undefined ? { values: await valuesOf(gpu, results) } : {}),
  });
  for (const [key, found] of Object.entries(results)) {
    const label = more.length === 0 ? `${name} of ${shapes} is ${formatShape(found.shape)}` : key;
    const where = output === undefined ? "" : `, in ${output}`;
    terminal.say(
      more.length === 0
        ? `${label} ${found.dtype}${where}`
        : `${label}: ${formatShape(found.shape)} ${found.dtype}${where}`,
    );
    if (output === undefined) terminal.print(`  ${await preview(gpu, found)}`);
  }
  if (report !== undefined) {
    terminal.say(`${formatMs(report.totalMs)} ms on ${report.device}, because: ${report.reason}`);
  }
  for (const each of [...inputs, ...Object.values(results)]) each.dispose();
  return 0;
}

/** `weights.npz#name` names an array of an archive. */
async function readOne(gpu: Gpu, file: string, verb: Verb, signal: AbortSignal): Promise<Matrix> {
  const options = { signal, dtype: verb.stored === true ? "stored" : "f32" } as const;
  const [, path = file, name] = /^(.*\.npz)(?:#(.*))?$/i.exec(file) ?? [];
  if (!/\.npz$/i.test(path)) return gpu.matrix.readNpy(file, options);
  const names = name === undefined ? {} : { names: [name] };
  const found = Object.entries(await gpu.matrix.readNpz(path, { ...options, ...names }));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first[1];
  const all = found.map(([key]) => key).join(", ");
  throw new UsageError(
    found.length === 0 ? `${path} holds no array` : `${path} holds ${found.length} arrays: ${all}`,
    `Name one: ${path}#${first?.[0] ?? "name"}`,
  );
}

async function write(
  gpu: Gpu,
  output: string,
  results: Readonly<Record<string, AnyMatrix>>,
  signal: AbortSignal,
): Promise<void> {
  if (/\.npz$/i.test(output)) return gpu.matrix.writeNpz(output, results, { signal });
  const [single, ...more] = Object.values(results);
  if (single === undefined || more.length > 0) {
    throw new UsageError(
      `${Object.keys(results).join(", ")} do not fit into one .npy file`,
      `Write them together: -o ${output.replace(/\.npy$/i, "")}.npz`,
    );
  }
  return gpu.matrix.writeNpy(output, single, { signal });
}

async function preview(gpu: Gpu, found: AnyMatrix): Promise<string> {
  const first = numbersOf((await readable(gpu, found).read()).subarray(0, mostShown));
  const shown = first.map((value) =>
    String(typeof value === "bigint" ? value : Number(value.toPrecision(7))),
  );
  return found.size > mostShown ? `${shown.join("  ")}  ... of ${found.size}` : shown.join("  ");
}

async function valuesOf(gpu: Gpu, results: Readonly<Record<string, AnyMatrix>>): Promise<unknown> {
  const entries = Object.entries(results).map(async ([key, found]) => {
    const values = numbersOf(await readable(gpu, found).read());
    return [key, values.map((value) => (typeof value === "bigint" ? `${value}` : value))] as const;
  });
  const all = Object.fromEntries(await Promise.all(entries));
  return Object.keys(all).length === 1 ? all[Object.keys(all)[0] ?? ""] : all;
}

/** Not the bits of 16-bit floats. */
function readable(gpu: Gpu, found: AnyMatrix): AnyMatrix {
  return found.dtype === "f16" ? gpu.matrix.cast(found, "f32") : found;
}

function numbersOf(data: Iterable<number> | Iterable<bigint>): (number | bigint)[] {
  return [...data];
}

function optionsOf(invocation: Invocation, name: string, verb: Verb): VerbOptions {
  const { flag, text, signal } = invocation;
  const given = {
    axis: text("axis") === undefined ? undefined : integers(text("axis") ?? "", "axis"),
    keepDims: flag("keep-dims"),
    descending: flag("descending"),
    k: text("k") === undefined ? undefined : integers(text("k") ?? "", "k")[0],
    transposeA: flag("transpose-a"),
    transposeB: flag("transpose-b"),
  };
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined || value === false || verb.options.includes(option as keyof VerbOptions))
      continue;
    const spelled = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw usage(`${name} does not take --${spelled}`);
  }
  return { ...given, placement: placementOf(invocation), strict: flag("strict"), signal, report: true };
}

function integers(text: string, option: string): number[] {
  const numbers = text.split(",").map((part) => (/^\s*-?\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (numbers.every(Number.isSafeInteger)) return numbers;
  throw usage(`--${option} is "${text}", not a whole number`);
}

function outputOf(invocation: Invocation): string | undefined {
  const output = invocation.text("output");
  if (output === undefined || /\.np[yz]$/i.test(output) || !/\.\w+$/.test(output)) return output;
  throw usage(`Cannot write ${output}: results are written as .npy or .npz`);
}

function placementOf(invocation: Invocation): (typeof placements)[number] {
  const given = invocation.text("placement") ?? "auto";
  const placement = placements.find((name) => name === given);
  if (placement !== undefined) return placement;
  const near = suggest(given, placements);
  throw usage(`There is no placement "${given}"`, near && `Did you mean ${near}? `);
}

function listing(): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  return Object.entries(verbs)
    .map(([name, { takes, does }]) => `  ${name.padEnd(width)}  ${takes.join(" ").padEnd(3)}  ${does}`)
    .join("\n");
}

function usage(message: string, lead = ""): UsageError {
  return new UsageError(message, `${lead}See: aikoryu matrix --help`);
}
