import { AikoError } from "../../errors.ts";
import type { KernelOptions, Scratch } from "../../kernels/index.ts";
import {
  type RowTests,
  resultBytes,
  scanTexts,
  survivors,
  testClass,
  testDistance,
  testLengths,
  testRange,
} from "../../kernels/text/index.ts";
import type { GpuContext, Reservation } from "../../runtime/index.ts";
import type { Held } from "./held.ts";
import { onHost } from "./host.ts";
import type { ValidateInput, ValidateOutput } from "./operation.ts";
import type { Stage } from "./program.ts";

/** A text that is longer holds one thread of a GPU for longer than the CPU needs for it. */
const longText = 1 << 16;

/** The GPU path. */
export async function onDevice(input: ValidateInput, context: GpuContext): Promise<ValidateOutput> {
  const { program, batch } = input;
  const { device, memory, signal, timer } = context;
  if (program.lacking !== undefined) throw new AikoError("UNSUPPORTED", { message: program.lacking });
  const { count } = batch;
  if (count === 0) return { codes: new Uint32Array(0), scores: undefined };
  const held = [...new Set([...batch.held(), ...program.held()])];
  const residents = new Map(held.map((each) => [each, each.resident(memory)] as const));
  const bytes = resultBytes(count, program.hasScores);
  const long = device.adapter.kind === "cpu" ? new Uint32Array(0) : longRows(input);
  const longer = long.length === 0 ? undefined : onHost(input, context, long);
  longer?.catch(() => undefined);
  const words = await memory.use(
    { label: "validate", bytes: [bytes, ...scratchBytes(input)], residents: [...residents.values()] },
    async (reservation) => {
      const loading = held.map(async (each) => {
        const resident = residents.get(each);
        return [each, resident && (await reservation.load(resident, { timer, signal }))] as const;
      });
      await Promise.allSettled(loading);
      const buffers = new Map(await Promise.all(loading));
      const memoryOf = (each: Held | undefined) => {
        const buffer = each && buffers.get(each);
        if (buffer === undefined)
          throw new AikoError("INTERNAL", { message: "A column of a batch is missing" });
        return buffer;
      };
      const results = reservation.allocate(bytes, "verdicts");
      const first = new Uint32Array(bytes / 4);
      for (const row of long) first[row] = outside;
      device.write(results, first, { timer });
      await runStages(input, { ...context, reservation }, { results, memoryOf });
      const all = new Uint32Array(bytes / 4);
      await device.read(results, all, { timer });
      return all;
    },
    { signal },
  );
  return finished(input, context, words, await longer);
}

/** A code that no rule has: the host decides. */
const outside = 0xffff_ffff;

async function runStages(
  { program, batch }: ValidateInput,
  { device, reservation, timer, signal }: GpuContext & { readonly reservation: Reservation },
  {
    results,
    memoryOf,
  }: { readonly results: RowTests["results"]; readonly memoryOf: (held?: Held) => Scratch },
): Promise<void> {
  const { count, texts, columns } = batch;
  const options: KernelOptions = { timer, allocate: (bytes, label) => reservation.allocate(bytes, label) };
  let rows: Scratch | undefined;
  let looked = count;
  const run = (stage: Stage, tests: RowTests): Promise<void> => {
    const given = () => ({ offsets: memoryOf(texts?.offsets), values: memoryOf(texts?.values) });
    switch (stage.kind) {
      case "length":
        return testLengths(device, { ...tests, texts: given(), test: stage.test }, options);
      case "scan": {
        const { automaton } = stage;
        const test = { automaton, classes: memoryOf(stage.classes), table: memoryOf(stage.table) };
        return scanTexts(device, { ...tests, texts: given(), test }, options);
      }
      case "range": {
        const { least, most } = stage;
        return testRange(
          device,
          { ...tests, numbers: memoryOf(columns[stage.column]), least, most },
          options,
        );
      }
      case "near": {
        const { width, metric, threshold, far } = stage;
        const centroidCount = stage.centroids.data.length / width;
        const test = { centroids: memoryOf(stage.centroids), centroidCount, width, metric, threshold, far };
        return testDistance(device, { ...tests, vectors: memoryOf(columns[stage.column]), test }, options);
      }
      case "classify": {
        const layers = stage.layers.map((layer) => ({
          ...layer,
          weights: memoryOf(layer.weights),
          biases: memoryOf(layer.biases),
        }));
        const { classAt, least, most } = stage;
        const test = { layers, classAt, least, most };
        return testClass(device, { ...tests, vectors: memoryOf(columns[stage.column]), test }, options);
      }
      case "expression":
        throw new AikoError("UNSUPPORTED", { message: stage.reason });
    }
  };
  for (const [at, stage] of program.stages.entries()) {
    if (at > 0 && signal?.aborted) return;
    if (at > 0) {
      rows?.[Symbol.dispose]();
      ({ rows, selected: looked } = await survivors(device, { results, count }, options));
    }
    if (looked === 0) break;
    await run(stage, { results, count, rows, looked, code: stage.code });
  }
  rows?.[Symbol.dispose]();
}

/** Decides on the host what f32 could not, and puts in what it has computed meanwhile. */
async function finished(
  input: ValidateInput,
  context: GpuContext,
  words: Uint32Array,
  longer: ValidateOutput | undefined,
): Promise<ValidateOutput> {
  const { program, batch } = input;
  const { count } = batch;
  const codes = words.subarray(0, count);
  const scores = program.hasScores
    ? new Float32Array(words.buffer, words.byteOffset + count * 4, count)
    : undefined;
  const unsure = program.hasScores
    ? rowsWhere(words.subarray(count * 2, count * 3), (word) => word === 1)
    : [];
  const decided = unsure.length === 0 ? undefined : await onHost(input, context, Uint32Array.from(unsure));
  for (const row of unsure) put(row, decided);
  if (longer !== undefined) for (const row of rowsWhere(codes, (code) => code === outside)) put(row, longer);
  return { codes, scores };

  function put(row: number, from: ValidateOutput | undefined): void {
    codes[row] = from?.codes[row] ?? 0;
    if (scores !== undefined) scores[row] = from?.scores?.[row] ?? NaN;
  }
}

function rowsWhere(words: Uint32Array, holds: (word: number) => boolean): number[] {
  const rows: number[] = [];
  for (let row = 0; row < words.length; row++) if (holds(words[row] ?? 0)) rows.push(row);
  return rows;
}

function longRows({ batch: { texts, count } }: ValidateInput): Uint32Array {
  const rows: number[] = [];
  const offsets = texts?.offsets.data ?? new Uint32Array(0);
  for (let row = 0; row < count && texts !== undefined; row++) {
    if ((offsets[row + 1] ?? 0) - (offsets[row] ?? 0) > longText) rows.push(row);
  }
  return Uint32Array.from(rows);
}

/** A list of rows, a mask, and the layers of the largest classifier. */
function scratchBytes({ program, batch: { count } }: ValidateInput): readonly number[] {
  const layers = program.stages.map((stage) =>
    stage.kind === "classify"
      ? stage.layers.reduce((sum, { outputs }) => sum + outputs, stage.layers[0]?.inputs ?? 0)
      : 0,
  );
  const most = Math.max(0, ...layers);
  return [
    count * 4 + 4096,
    Math.ceil(count / 8) + 4096,
    ...(most === 0 ? [] : [count * 4 * (most * 2 + 8) + 4096]),
  ];
}
