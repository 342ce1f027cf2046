import { type DType, dtypes } from "../core/dtype.ts";
import { elementCount, formatShape } from "../core/shape.ts";
import { AikoError, toAikoError } from "../errors.ts";
import { type Gpu, open } from "../index.ts";
import type { Model, ModelValue, Provider, TensorInput } from "../nn/index.ts";
import { providers } from "../nn/load.ts";
import type { Invocation } from "./command.ts";
import { feedsOf } from "./nn-feeds.ts";
import { choiceOf, nnUsage } from "./nn-options.ts";
import { formatMs, table } from "./table.ts";

const longestMs = 1000;
const mostRuns = 50;
const mostNumbers = 1e8;

interface Row {
  readonly provider: Provider;
  readonly batch: number;
  /** Median of the runs. */
  readonly ms?: number;
  readonly runs?: number;
  readonly device?: string | undefined;
  /** Why there is no time. */
  readonly reason?: string;
}

type Feeds = Readonly<Record<string, TensorInput>>;

export async function bench(invocation: Invocation, file: string): Promise<number> {
  const { terminal } = invocation;
  const asked = choiceOf(invocation, "provider", providers);
  const batches = batchesOf(invocation.text("batch"));
  await using gpu = await open({ batching: false });
  const rows: Row[] = [];
  for (const provider of asked === undefined ? providers.filter((name) => name !== "auto") : [asked]) {
    terminal.progress(`${provider}: loading ${file}`);
    rows.push(...(await benchProvider(gpu, invocation, file, provider, batches)));
  }
  terminal.json({ model: file, rows });
  const columns = [
    { title: "provider" },
    { title: "batch", align: "right" },
    { title: "ms", align: "right" },
    { title: "rows/s", align: "right" },
    { title: "on", wrap: true },
  ] as const;
  const cells = rows.map(({ provider, batch, ms, device, reason }) => [
    provider,
    `${batch}`,
    formatMs(ms),
    ms === undefined ? "-" : Math.round((1000 * batch) / ms).toString(),
    device ?? reason ?? "",
  ]);
  for (const line of table(columns, cells, terminal.columns)) terminal.print(line);
  return rows.some(({ ms }) => ms !== undefined) ? 0 : 1;
}

async function benchProvider(
  gpu: Gpu,
  invocation: Invocation,
  file: string,
  provider: Provider,
  batches: readonly number[],
): Promise<Row[]> {
  const { terminal, signal } = invocation;
  let model: Model;
  try {
    model = await gpu.nn.load(file, { provider, signal });
  } catch (error) {
    if (provider === "cpu" && toAikoError(error).code !== "ENGINE_MISSING") throw error;
    return batches.map((batch) => ({ provider, batch, reason: toAikoError(error).message }));
  }
  try {
    const given = invocation.texts("input").length > 0 ? await feedsOf(invocation, model) : undefined;
    const rows: Row[] = [];
    for (const batch of given === undefined ? batches : [1]) {
      terminal.progress(`${provider}: batch ${batch}`);
      rows.push({
        provider,
        batch,
        ...(await measure(model, given ?? randomFeeds(model.inputs, batch), signal)),
      });
    }
    return rows;
  } finally {
    await model.dispose();
  }
}

async function measure(
  model: Model,
  feeds: Feeds,
  signal: AbortSignal,
): Promise<Pick<Row, "ms" | "runs" | "device" | "reason">> {
  try {
    await model.run(feeds, { signal });
    const { report } = await model.run(feeds, { signal, report: true });
    const times: number[] = [];
    const end = performance.now() + longestMs;
    while (times.length < 3 || (times.length < mostRuns && performance.now() < end)) {
      const start = performance.now();
      await model.run(feeds, { signal });
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    return { ms: times[times.length >> 1] ?? Number.NaN, runs: times.length, device: report?.device };
  } catch (error) {
    const { code, message } = toAikoError(error);
    if (code === "ABORTED") throw error;
    return { reason: message };
  }
}

/** Uniform numbers from 0 to 1; zeros for integers, which may be indices, and empty texts. */
function randomFeeds(inputs: readonly ModelValue[], batch: number): Feeds {
  const needed = inputs.filter(({ optional }) => !optional);
  return Object.fromEntries(
    needed.map(({ name, dtype, shape }) => {
      if (shape === undefined || dtype === "unsupported") {
        throw new AikoError("INVALID_ARGUMENT", {
          message: `The shape of input "${name}" is open`,
          hint: `Give it: --input ${name}=FILE.npy`,
        });
      }
      const sizes = shape.map((size) => (typeof size === "number" ? size : batch));
      const count = elementCount(sizes);
      if (!(count <= mostNumbers)) {
        throw new AikoError("INVALID_ARGUMENT", {
          message: `Input "${name}" of ${formatShape(sizes)} is too large to make up`,
          hint: `Give it: --input ${name}=FILE.npy`,
        });
      }
      if (dtype === "string") return [name, { data: Array.from({ length: count }, () => ""), shape: sizes }];
      const isFloat = dtypes[dtype satisfies DType].kind === "float";
      const data = isFloat
        ? Array.from({ length: count }, () => Math.random())
        : new dtypes[dtype].array(count);
      return [name, { data, shape: sizes, dtype }];
    }),
  );
}

function batchesOf(text = "1"): number[] {
  const sizes = text
    .split(",")
    .map((size) => (/^[1-9]\d{0,6}$/.test(size.trim()) ? Number(size) : Number.NaN));
  if (sizes.some(Number.isNaN)) throw nnUsage(`--batch takes sizes such as 1,32,256, not "${text}"`);
  return sizes;
}
