import { availableParallelism } from "node:os";
import type { BatchFacet, CpuContext, Operation, Work } from "../../runtime/index.ts";
import { type Batch, joined } from "./batch.ts";
import { onDevice } from "./device.ts";
import { onHost } from "./host.ts";
import type { Program } from "./program.ts";

export interface ValidateInput {
  readonly program: Program;
  readonly batch: Batch;
}

/** A row for each message: its code, 0 where all passed, and what was measured. */
export interface ValidateOutput {
  readonly codes: Uint32Array;
  readonly scores: Float32Array | undefined;
}

const cores = availableParallelism();

/** Larger ones would only wait for each other. */
const mostMerged = 256;

const batch: BatchFacet<ValidateInput, ValidateOutput> = {
  key: ({ program, batch: { count } }) => (count > mostMerged ? undefined : program.id),
  merge: (inputs) => {
    const [first] = inputs as readonly [ValidateInput];
    const merged = joined(inputs.map((input) => input.batch));
    return {
      program: first.program,
      batch: merged,
      [Symbol.dispose]: () => merged.dispose(),
    } as ValidateInput;
  },
  split: ({ codes, scores }, inputs) => {
    let first = 0;
    return inputs.map(({ batch: { count } }) => {
      const last = first + count;
      const part = { codes: codes.subarray(first, last), scores: scores?.subarray(first, last) };
      first = last;
      return part;
    });
  },
};

/** The rules of a chain that need no JavaScript of the user and no model: one upload, one download of verdicts. */
export const validateOperation: Operation<ValidateInput, ValidateOutput> = {
  name: "agents.validate",
  engine: "javascript",
  rates: {
    // A step of an automaton takes 0.5 to 1 ns with four texts in turns.
    engine: { overheadMs: 0.02, flopsPerMs: 1e6 * cores, bytesPerMs: 1e7 },
    // Not measured.
    gpu: { overheadMs: 0.8, flopsPerMs: 1e8, bytesPerMs: 1e8 },
    // A dispatch and a round trip for each stage.
    cpu: { overheadMs: 1.5, flopsPerMs: 1e6 * cores, bytesPerMs: 1e7 },
  },
  work: workOf,
  lacks: ({ program }) => program.lacking,
  gpu: onDevice,
  cpu: (input, context: CpuContext) => onHost(input, context),
  batch,
};

function workOf({ program, batch: given }: ValidateInput): Work {
  const { count, textBytes } = given;
  let flops = 0;
  for (const stage of program.stages) {
    if (stage.kind === "scan" || stage.kind === "expression") flops += textBytes;
    else if (stage.kind === "near") flops += count * stage.centroids.data.length * 3;
    else if (stage.kind === "classify") {
      for (const { inputs, outputs } of stage.layers) flops += 2 * count * inputs * outputs;
    } else flops += count;
  }
  let bytes = 0;
  let hostBytes = 0;
  for (const held of [...given.held(), ...program.held()]) {
    bytes += held.data.byteLength;
    if (!held.isOnDevice) hostBytes += held.data.byteLength;
  }
  const resultBytes = count * (program.hasScores ? 12 : 4);
  return { flops, bytes: bytes + resultBytes, hostBytes, deviceBytes: 0, resultBytes };
}
