import { fileURLToPath } from "node:url";
import { AikoError, isAikoError } from "../errors.ts";
import type { Gpu } from "../index.ts";
import { Matrix } from "../matrix/index.ts";
import type { Prediction } from "../runtime/index.ts";
import { closest, findPackages, readSections, tfIdf, type Vectors } from "./similarity.ts";
import type { Terminal } from "./terminal.ts";

export interface TourRow {
  readonly operation: string;
  readonly size: string;
  readonly cpuMs: number;
  readonly gpuMs: number | undefined;
  readonly chosen: string;
  /** What either path was predicted to take when one was chosen. */
  readonly predicted: Prediction | undefined;
  /** CPU time over GPU time. */
  readonly ratio: number | undefined;
  readonly reason: string;
  /** Whether both paths gave the same result. */
  readonly agree: boolean;
}

const terms = 2048;
const mostSections = 4096;
const repeats = 3;
const budgetMs = 3_000;
const tolerance = 1e-4;

/** All-pairs cosine similarity of the installed packages' Markdown sections, as one product of TF-IDF vectors. */
export async function tourMatrix(gpu: Gpu, terminal: Terminal): Promise<TourRow> {
  terminal.progress("reading the Markdown files of the installed packages");
  const here = fileURLToPath(new URL("../..", import.meta.url));
  const folder = (await findPackages(process.cwd())) ?? (await findPackages(here));
  const found = folder === undefined ? [] : await readSections(folder);
  if (found.length < 2) {
    throw new AikoError("FILE_NOT_FOUND", {
      message: "No installed packages with Markdown files were found",
      hint: "Run the tour in a folder that has a node_modules, at or above it.",
    });
  }
  const vectors = tfIdf(found.slice(0, mostSections), terms);
  const count = vectors.sections.length;
  const files = new Set(vectors.sections.map(({ file }) => file)).size;
  terminal.print(
    `${terminal.style("bold", "matrix")}  ${count} sections of ${files} Markdown files of the installed packages,`,
  );
  terminal.print(`        as TF-IDF vectors of ${terms} terms; all pairs compared by one product`);

  terminal.progress("multiplying on the CPU");
  const cpu = await time(gpu, vectors, "cpu");
  terminal.progress("multiplying on the GPU");
  const device = await time(gpu, vectors, "gpu").catch((error: unknown) => {
    if (!isAikoError(error)) throw error;
    return { failure: error.message };
  });
  const auto = await time(gpu, vectors, "auto", 0);
  const gpuMs = "ms" in device ? device.ms : undefined;
  const difference = "ms" in device ? largestDifference(device.values, cpu.values) : 0;
  const agree = difference <= tolerance;

  terminal.print();
  for (const { a, b, cosine } of closest(vectors.sections, auto.values, 5)) {
    const title = (section: typeof a) => `${section.packageName} “${section.heading}”`;
    terminal.print(`  ${cosine.toFixed(2)}  ${shorten(title(a), 34)}  ${shorten(title(b), 34)}`.trimEnd());
  }
  terminal.print();
  if ("failure" in device) terminal.say(`The GPU path could not be used: ${device.failure}`, "  ");
  else if (agree)
    terminal.say(`Both paths agree: they differ by at most ${difference.toExponential(1)}.`, "  ");
  else
    terminal.say(
      `The paths disagree by ${difference.toExponential(1)}. This is a bug; please report it.`,
      "  ",
    );
  terminal.print();
  return {
    operation: "matrix.multiply",
    size: `${count}x${terms} by ${terms}x${count}`,
    cpuMs: cpu.ms,
    gpuMs,
    chosen: auto.placement,
    predicted: auto.predicted,
    ratio: gpuMs === undefined ? undefined : cpu.ms / gpuMs,
    reason: auto.reason,
    agree,
  };
}

interface Timed {
  readonly ms: number;
  readonly values: Float32Array;
  readonly placement: string;
  readonly predicted: Prediction | undefined;
  readonly reason: string;
}

/** The median of a few calls from host memory to host memory, after one that opens and compiles. */
async function time(
  gpu: Gpu,
  { sections, data }: Vectors,
  placement: "auto" | "cpu" | "gpu",
  times: number = repeats,
): Promise<Timed> {
  const shape = [sections.length, terms];
  const once = async (): Promise<Timed> => {
    const start = performance.now();
    using vectors = Matrix.from(data, shape);
    const options = { transposeB: true, placement, strict: placement === "gpu", report: true };
    using product = await gpu.matrix.multiply(vectors, vectors, options);
    const values = (await product.read()).slice();
    const ms = performance.now() - start;
    const { report } = product;
    const { predicted, reason = "" } = report ?? {};
    return { ms, values, placement: report?.placement ?? placement, predicted, reason };
  };
  const start = performance.now();
  const first = await once();
  const runs: Timed[] = [];
  while (runs.length < times && performance.now() - start < budgetMs) runs.push(await once());
  runs.sort((a, b) => a.ms - b.ms);
  return runs[runs.length >> 1] ?? first;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? 0) - (b[i] ?? 0));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

function shorten(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}
