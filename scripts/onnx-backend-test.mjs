// Runs the ONNX project's backend test cases, or others of that form, through gpu.nn: see docs/nn.md.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { open } from "../dist/index.js";
import { fromBrainFloat, fromHalf } from "../dist/nn/half.js";
import { elementTypeName, readModel } from "../dist/nn/onnx/index.js";
import { parseTensor } from "../dist/nn/onnx/tensor.js";

const usage =
  "Usage: node scripts/onnx-backend-test.mjs DIR [--provider cpu|webgpu|aikoryu|auto] [--filter TEXT] [--device ID] [--json]";
const standard = { rtol: 1e-3, atol: 1e-7 };
/** Two units in the last place, as the ONNX project's own runner has it. */
const brainFloatTolerance = 2 ** -6;

class Refusal extends Error {}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    provider: { type: "string", default: "cpu" },
    filter: { type: "string", default: "" },
    device: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const [root] = positionals;
if (root === undefined || !existsSync(root)) {
  process.stderr.write(`${root === undefined ? usage : `${root} does not exist`}\n`);
  process.exit(2);
}
process.exitCode = await main(root);

function print(line) {
  process.stdout.write(`${line}\n`);
}

async function main(folder) {
  const gpu = await open({ device: values.device, batching: false });
  const results = [];
  try {
    for (const found of cases(folder)) {
      if (!found.name.includes(values.filter)) continue;
      const result = { name: found.name, ...(await outcome(gpu, found)) };
      results.push(result);
      if (!values.json && result.outcome === "wrong") print(`wrong    ${result.name}: ${result.reason}`);
    }
  } finally {
    await gpu.dispose();
  }
  return summarise(results);
}

/** Folders with model.onnx and test_data_set_N, and models with their outputs beside them, as in "light". */
function* cases(folder) {
  const entries = readdirSync(folder).sort();
  if (entries.includes("model.onnx")) {
    const sets = entries.filter((name) => name.startsWith("test_data_set_"));
    const tolerance = join(folder, "tolerance.json");
    yield {
      name: basename(folder),
      model: join(folder, "model.onnx"),
      sets: sets.map((name) => ({
        inputs: files(join(folder, name), "input_"),
        outputs: files(join(folder, name), "output_"),
      })),
      tolerance: existsSync(tolerance) ? JSON.parse(readFileSync(tolerance, "utf8")) : standard,
    };
    return;
  }
  for (const name of entries) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* cases(path);
    else if (name.endsWith(".onnx")) {
      const stem = basename(name, ".onnx");
      const outputs = files(dirname(path), `${stem}_output_`);
      yield { name: stem, model: path, sets: [{ inputs: undefined, outputs }], tolerance: standard };
    }
  }
}

/** Paths of PREFIX0.pb, PREFIX1.pb, ... */
function files(folder, prefix) {
  const paths = [];
  for (let at = 0; existsSync(join(folder, `${prefix}${at}.pb`)); at++)
    paths.push(join(folder, `${prefix}${at}.pb`));
  return paths;
}

async function outcome(gpu, found) {
  try {
    return await run(gpu, found);
  } catch (error) {
    if (error instanceof Refusal) return { outcome: "refused", reason: error.message };
    if (error.code === "UNSUPPORTED") return { outcome: "refused", reason: error.message };
    return {
      outcome: "wrong",
      reason: `${error.code ?? "threw"}: ${error.code ? error.message : error.stack}`,
    };
  }
}

async function run(gpu, { model: path, sets, tolerance }) {
  const { model: file } = await readModel(path);
  const model = await gpu.nn.load(path, { provider: values.provider });
  try {
    for (const set of sets) {
      const feeds = set.inputs === undefined ? ramp(model) : feedsOf(set.inputs, file.graph.inputs);
      const expected = set.outputs.map((output, at) => [
        model.outputs[at],
        load(output, file.graph.outputs[at].type),
      ]);
      const { outputs } = await model.run(feeds);
      for (const [{ name }, tensor] of expected) {
        const difference = compare(outputs[name], tensor, tolerance);
        if (difference !== undefined) return { outcome: "wrong", reason: `output "${name}" ${difference}` };
      }
    }
    return { outcome: "passed" };
  } finally {
    await model.dispose();
  }
}

function feedsOf(paths, inputs) {
  const feeds = {};
  for (const [at, path] of paths.entries()) {
    const { name, type } = inputs[at];
    const { data, shape, dtype } = load(path, type);
    feeds[name] = { data, shape, dtype };
  }
  return feeds;
}

/** A tensor from a .pb file; other kinds of values, and types that have no name of ours, are refused. */
function load(path, type) {
  if (type.kind !== "tensor") throw new Refusal(`${basename(path)} is of type ${type.kind}`);
  const tensor = parseTensor(readFileSync(path), 0);
  if (tensor.dtype === "unsupported")
    throw new Refusal(`${basename(path)} is ${elementTypeName(tensor.elementType)}`);
  return tensor;
}

/** What the ONNX project's runner feeds the "light" models. */
function ramp(model) {
  const feeds = {};
  for (const { name, shape, optional } of model.inputs) {
    if (optional) continue;
    const sizes = shape.map((size) => (typeof size === "number" ? size : 1));
    const count = sizes.reduce((product, size) => product * size, 1);
    feeds[name] = { data: Float32Array.from({ length: count }, (_, at) => at / count), shape: sizes };
  }
  return feeds;
}

function compare(actual, expected, { rtol, atol }) {
  if (actual.dtype !== expected.dtype) return `is ${actual.dtype}, not ${expected.dtype}`;
  if (String(actual.shape) !== String(expected.shape))
    return `has the shape [${actual.shape}], not [${expected.shape}]`;
  const relative = actual.dtype === "bf16" ? Math.max(rtol, brainFloatTolerance) : rtol;
  const convert = { f16: fromHalf, bf16: fromBrainFloat }[actual.dtype] ?? ((value) => value);
  for (const [at, value] of actual.data.entries()) {
    const [a, b] = [convert(value), convert(expected.data[at])];
    if (Object.is(a, b) || a === b) continue;
    if (typeof a !== "string" && Math.abs(Number(a) - Number(b)) <= atol + relative * Math.abs(Number(b)))
      continue;
    return `is ${a} at ${at} of ${actual.data.length}, not ${b}`;
  }
  return undefined;
}

function summarise(results) {
  const of = (kind) => results.filter(({ outcome }) => outcome === kind);
  const [passed, refused, wrong] = [of("passed"), of("refused"), of("wrong")];
  if (values.json) {
    print(JSON.stringify({ provider: values.provider, passed: passed.length, refused, wrong }, null, 2));
  } else {
    for (const { name, reason } of refused) print(`refused  ${name}: ${reason}`);
    print(
      `${values.provider}: ${passed.length} passed, ${refused.length} refused by name, ${wrong.length} wrong`,
    );
  }
  return wrong.length > 0 || results.length === 0 ? 1 : 0;
}
