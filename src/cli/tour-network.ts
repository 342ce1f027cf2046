import { fileURLToPath } from "node:url";
import { AikoError } from "../errors.ts";
import type { Gpu } from "../index.ts";
import { Matrix } from "../matrix/index.ts";
import { OnnxBuilder } from "../nn/index.ts";
import { features, readSamples, type Samples, spread } from "./file-kinds.ts";
import { findPackages } from "./similarity.ts";
import type { Terminal } from "./terminal.ts";
import type { TourRow } from "./tour-matrix.ts";
import { bothPaths, pathsRow, sayWhetherPathsAgree } from "./tour-paths.ts";

const hidden = 1024;
const mostOfKind = 400;
const ridge = 1e-2;
const tolerance = 1e-3;

/**
 * A network that tells kinds of files from a kilobyte of text: a layer of random features, and one fitted to them by
 * ridge regression (Huang, Zhu, Siew, "Extreme learning machine", 2006). It is fitted with `gpu.matrix`, written as ONNX
 * and run by `gpu.nn` on files that it has not seen.
 */
export async function tourNetwork(gpu: Gpu, terminal: Terminal): Promise<TourRow> {
  terminal.progress("reading files of the installed packages");
  const here = fileURLToPath(new URL("../..", import.meta.url));
  const folder = (await findPackages(process.cwd())) ?? (await findPackages(here));
  const found = folder === undefined ? undefined : await readSamples(folder, mostOfKind);
  if (found === undefined || found.kinds.length < 2) {
    throw new AikoError("FILE_NOT_FOUND", {
      message: "No installed packages with enough text files were found",
      hint: "Run the tour in a folder that has a node_modules, at or above it.",
    });
  }
  const { kinds, samples } = found;
  const tests = samples.flatMap(({ file }, at) => (spread(`test ${file}`) % 4 === 0 ? [at] : []));
  const lessons = samples.flatMap((_, at) => (tests.includes(at) ? [] : [at]));
  terminal.print(
    `${terminal.style("bold", "nn")}      ${samples.length} files of ${kinds.length} kinds; a network of`,
  );
  terminal.print(
    `        ${features}, ${hidden} and ${kinds.length} cells learns to tell a kilobyte of each apart,`,
  );
  terminal.print(`        and is asked about ${tests.length} that it has not seen`);

  terminal.progress("teaching the network");
  const model = await taught(gpu, found, lessons);
  await using loaded = await gpu.nn.load(model);
  const x = rowsOf(found, tests);
  const run = async (placement: "auto" | "cpu" | "gpu") => {
    const options = { placement, strict: placement === "gpu", report: true };
    const { outputs, report } = await loaded.run(
      { x: { data: x, shape: [tests.length, features] } },
      options,
    );
    return { values: outputs["y"]?.data as Float32Array, report };
  };
  const paths = await bothPaths(
    terminal,
    "asking it on",
    run,
    (one, other) => largest(one.values, other.values) <= tolerance,
  );
  const { auto } = paths;
  const right = tests.filter((at, row) => bestOf(auto.values, row, kinds.length) === samples[at]?.kind);

  terminal.print();
  terminal.say(`${right.length} of ${tests.length} told right (${kinds.join(", ")}).`, "  ");
  sayWhetherPathsAgree(terminal, paths);
  const size = `${tests.length} files, ${features}-${hidden}-${kinds.length}`;
  return pathsRow("nn.run", size, paths, auto.report);
}

/** The network as an ONNX file. The second layer solves (H'H + ridge) W = H'T, H the first one's values. */
async function taught(gpu: Gpu, found: Samples, lessons: readonly number[]): Promise<Uint8Array> {
  const m = gpu.matrix;
  const { kinds, samples } = found;
  using x = Matrix.from(rowsOf(found, lessons), [lessons.length, features]);
  using weights = await m.random.normal({ shape: [features, hidden], seed: 1 });
  using first = await m.multiply(x, weights);
  using h = await m.evaluate(m.relu(first));
  const truth = new Float32Array(lessons.length * kinds.length);
  lessons.forEach((at, row) => {
    truth[row * kinds.length + (samples[at]?.kind ?? 0)] = 1;
  });
  using t = Matrix.from(truth, [lessons.length, kinds.length]);
  using products = await m.multiply(h, h, { transposeA: true });
  using right = await m.multiply(h, t, { transposeA: true });
  using left = await m.evaluate(m.add(products, m.mul(m.eye(hidden), ridge)));
  using second = await m.solve(left, right);
  const graph = new OnnxBuilder();
  const input = graph.input("x", "f32", ["files", features]);
  const w1 = graph.constant("w1", "f32", weights.shape, await weights.read());
  const w2 = graph.constant("w2", "f32", second.shape, await second.read());
  const output = graph.add("MatMul", [graph.add("Relu", [graph.add("MatMul", [input, w1])]), w2]);
  graph.output("y", output, "f32", ["files", kinds.length]);
  return graph.encode();
}

function rowsOf({ data }: Samples, rows: readonly number[]): Float32Array {
  const chosen = new Float32Array(rows.length * features);
  rows.forEach((row, at) => {
    chosen.set(data.subarray(row * features, (row + 1) * features), at * features);
  });
  return chosen;
}

function bestOf(values: Float32Array, row: number, kinds: number): number {
  const scores = values.subarray(row * kinds, (row + 1) * kinds);
  return scores.indexOf(Math.max(...scores));
}

function largest(a: Float32Array, b: Float32Array): number {
  return a.reduce((worst, value, at) => Math.max(worst, Math.abs(value - (b[at] ?? Number.NaN))), 0);
}
