import type { BufferView, Device, DeviceBuffer } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import { input } from "../../expression/build.ts";
import { type Expression, nodesOf, partsOf, type ScalarType } from "../../expression/expression.ts";
import { constantWords } from "../../expression/wgsl.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { inRows } from "../grid.ts";
import { chunkOf, kernelOn, wantsLongThreads } from "../source.ts";
import {
  bitmapBytes,
  type ColumnOptions,
  type FixedMemory,
  type FixedPhysical,
  type Memory,
} from "./column.ts";
import { type InputForm, type OutputForm, type RowsText, rowsText } from "./rows-text.ts";

/** Bits of `table` by the codes of the column in another slot: u32. */
export interface TableMemory {
  readonly physical: "table";
  readonly codes: number;
  readonly values: Memory;
  readonly validity?: undefined;
}

/** One result. Scalar inputs 3k, 3k + 1 and 3k + 2 are the value, the high word (of i128) and the validity of `columns[k]`. */
export interface RowExpression {
  readonly value: Expression;
  /** Of i128: `value` is the low word, u64. */
  readonly high?: Expression | undefined;
  /** Bool; absent where no row is null. */
  readonly valid?: Expression | undefined;
  /** u32: bits that are joined over all rows. */
  readonly error?: Expression | undefined;
  readonly physical: FixedPhysical;
}

export interface RowsArguments {
  readonly columns: readonly (FixedMemory | TableMemory)[];
  readonly expressions: readonly RowExpression[];
  readonly count: number;
}

export interface EvaluatedRows {
  /** `values` and `validity` are what `allocate` returned. */
  readonly columns: readonly (FixedMemory & {
    readonly values: Scratch;
    readonly validity?: Scratch | undefined;
  })[];
  /** A u32 with the error bits of all rows; absent where no expression has any. */
  readonly error?: Scratch | undefined;
}

const longThreads = 64;

/** Bytes of `count` rows of a physical type, in whole words. */
export function columnBytes(physical: FixedPhysical, count: number): number {
  if (physical === "bits") return bitmapBytes(count);
  const bytes = physical === "i128" ? 16 : Number(physical.slice(1)) / 8;
  return Math.max(4, Math.ceil((count * bytes) / 4) * 4);
}

/**
 * Enqueues fused kernels that compute expressions for every row: bools come out as bitmaps, rows past the last as 0. Expressions
 * that read more memory than a kernel binds are split into several. Rejects with UNSUPPORTED for f64 arithmetic on a device without f64.
 */
export async function evaluateRows(
  device: Device,
  { columns, expressions, count }: RowsArguments,
  options: ColumnOptions = {},
): Promise<EvaluatedRows> {
  if (count > 2 ** 31) {
    throw new AikoError("UNSUPPORTED", {
      message: `Kernels take up to 2^31 rows, got ${count}`,
      hint: "Split them.",
    });
  }
  const hasErrors = expressions.some(({ error }) => error !== undefined);
  const error = hasErrors ? scratch(device, options, 4, "row errors") : undefined;
  if (error !== undefined) device.write(error, new Uint32Array(4), workOptions(options));
  const made = expressions.map(({ physical, valid }) => ({
    physical,
    values: scratch(device, options, columnBytes(physical, count), "rows"),
    validity: valid === undefined ? undefined : scratch(device, options, bitmapBytes(count), "row validity"),
  }));
  if (count > 0) {
    const work = new RowsWork(device, columns, count, options, error);
    try {
      for (const tasks of work.batches(tasksOf(expressions, made))) await work.enqueue(tasks);
    } finally {
      work.dispose();
    }
  }
  return { columns: made, error };
}

/** Arrays that one kernel writes together, and an error word. */
interface Task {
  readonly outputs: readonly (OutputForm & { readonly target: Memory })[];
  readonly errors: readonly Expression[];
}

function tasksOf(
  expressions: readonly RowExpression[],
  made: readonly { readonly values: Memory; readonly validity?: Memory | undefined }[],
): readonly Task[] {
  return expressions.map(({ value, high, valid, error, physical }, at) => {
    const target = made[at]?.values as Memory;
    const validity = made[at]?.validity;
    const outputs = [{ physical, value, high, target }];
    if (valid !== undefined && validity !== undefined) {
      outputs.push({ physical: "bits", value: valid, high: undefined, target: validity });
    }
    return { outputs, errors: error === undefined ? [] : [error] };
  });
}

const physicalOfScalar: Readonly<Record<ScalarType, FixedPhysical>> = {
  bool: "bits",
  f32: "f32",
  f64: "f64",
  i32: "i32",
  u32: "u32",
  i64: "i64",
  u64: "u64",
};

class RowsWork {
  readonly #device: Device;
  readonly #columns: (FixedMemory | TableMemory)[];
  readonly #count: number;
  readonly #options: ColumnOptions;
  readonly #error: Scratch | undefined;
  readonly #scratch: Scratch[] = [];

  constructor(
    device: Device,
    columns: readonly (FixedMemory | TableMemory)[],
    count: number,
    options: ColumnOptions,
    error: Scratch | undefined,
  ) {
    this.#device = device;
    this.#columns = [...columns];
    this.#count = count;
    this.#options = options;
    this.#error = error;
  }

  dispose(): void {
    for (const each of this.#scratch) each[Symbol.dispose]();
  }

  /** Tasks joined as long as one kernel can bind what they read and write; those that cannot alone are split. */
  batches(tasks: readonly Task[]): readonly (readonly Task[])[] {
    const batches: Task[][] = [];
    for (const task of tasks.flatMap((each) => this.#split(each))) {
      const last = batches.at(-1);
      if (last !== undefined && this.#bindings([...last, task]) <= this.#limit) last.push(task);
      else batches.push([task]);
    }
    return batches;
  }

  get #limit(): number {
    return Math.max(8, Math.min(16, this.#device.adapter.limits.storageBuffers));
  }

  #split(task: Task): readonly Task[] {
    const before: Task[] = [];
    let rest = task;
    while (this.#bindings([rest]) > this.#limit) {
      if (
        rest.outputs.length + Math.sign(rest.errors.length) > 1 &&
        this.#bindings([single(rest)]) <= this.#limit
      ) {
        const [head, ...tail] = parts(rest);
        if (head === undefined) break;
        return [...before, head, ...tail.flatMap((each) => this.#split(each))];
      }
      const node = this.#largestPart(rootsOf(rest));
      if (node === undefined) throw tooMany(this.#limit);
      const made = this.#materialized(node);
      before.push(made.task);
      rest = replaced(rest, node, made.input);
    }
    return [...before, rest];
  }

  /** The part that reads the most memory of those that one kernel can compute. */
  #largestPart(roots: readonly Expression[]): Expression | undefined {
    let best: Expression | undefined;
    let most = 1;
    for (const node of nodesOf(roots)) {
      if (partsOf(node).length === 0) continue;
      const size = this.#memories([node]).size;
      if (size > most && size < this.#limit) {
        best = node;
        most = size;
      }
    }
    return best;
  }

  #materialized(node: Expression): { readonly task: Task; readonly input: Expression } {
    const physical = physicalOfScalar[node.type];
    const target = scratch(this.#device, this.#options, columnBytes(physical, this.#count), "part of rows");
    this.#scratch.push(target);
    const slot = this.#columns.push({ physical, values: target }) - 1;
    return {
      task: { outputs: [{ physical, value: node, target }], errors: [] },
      input: input(3 * slot, node.type),
    };
  }

  #bindings(tasks: readonly Task[]): number {
    const outputs = tasks.reduce((sum, task) => sum + task.outputs.length, 0);
    const errors = tasks.some((task) => task.errors.length > 0) ? 1 : 0;
    return this.#memories(tasks.flatMap(rootsOf)).size + outputs + errors;
  }

  /** Names of the arrays that expressions read. */
  #memories(roots: readonly Expression[]): ReadonlySet<string> {
    const names = new Set<string>();
    for (const node of nodesOf(roots)) {
      if (node.kind !== "input") continue;
      const slot = Math.floor(node.index / 3);
      names.add(node.index % 3 === 2 ? `validity_${slot}` : `input_${slot}`);
      const column = this.#columns[slot];
      if (column?.physical === "table") names.add(`input_${column.codes}`);
    }
    return names;
  }

  async enqueue(tasks: readonly Task[]): Promise<void> {
    const device = this.#device;
    const isLong = wantsLongThreads(device);
    const outputs = tasks.flatMap((task) => task.outputs);
    const text = rowsText({
      inputs: this.#columns.map(formOf),
      outputs,
      errors: tasks.flatMap(({ errors }) => errors),
      isLong,
      isUnrolled: device.adapter.backend !== "webgpu",
    });
    const kernel = await kernelOn(device, text.text, { label: "evaluate rows" });
    const words = Math.ceil(this.#count / 32);
    const chunk = chunkOf(words, longThreads, 8);
    const bindings: Record<string, DeviceBuffer | BufferView | Uint32Array> = {
      parameters: parametersOf(text, [this.#count, chunk]),
    };
    for (const slot of text.values) bindings[`input_${slot}`] = this.#columns[slot]?.values as Memory;
    for (const slot of text.validities)
      bindings[`validity_${slot}`] = this.#columns[slot]?.validity as Memory;
    outputs.forEach(({ target }, at) => {
      bindings[`output_${at}`] = target;
    });
    if (tasks.some(({ errors }) => errors.length > 0)) bindings.errors = this.#error as Memory;
    const grid = isLong ? Math.ceil(words / chunk) : inRows(Math.ceil(this.#count / 256));
    device.dispatch(kernel, bindings, grid, workOptions(this.#options));
  }
}

function formOf(column: FixedMemory | TableMemory): InputForm {
  return column.physical === "table"
    ? { physical: "table", codes: column.codes }
    : { physical: column.physical };
}

function rootsOf({ outputs, errors }: Task): readonly Expression[] {
  return [...outputs.flatMap(({ value, high }) => (high === undefined ? [value] : [value, high])), ...errors];
}

function single(task: Task): Task {
  return parts(task)[0] ?? task;
}

/** Each array in a task of its own, and the errors in another. */
function parts({ outputs, errors }: Task): readonly Task[] {
  const [first] = outputs;
  const tasks: Task[] = outputs.map((output) => ({ outputs: [output], errors: [] }));
  if (errors.length > 0 && first !== undefined) tasks.push({ outputs: [], errors });
  return tasks;
}

function replaced({ outputs, errors }: Task, node: Expression, by: Expression): Task {
  const change = (root: Expression) => replacedIn(root, node, by);
  return {
    outputs: outputs.map((output) => ({
      ...output,
      value: change(output.value),
      high: output.high === undefined ? undefined : change(output.high),
    })),
    errors: errors.map(change),
  };
}

function replacedIn(root: Expression, node: Expression, by: Expression): Expression {
  const made = new Map<Expression, Expression>();
  const get = (each: Expression) => made.get(each) ?? each;
  for (const each of nodesOf([root])) {
    if (each === node) made.set(each, by);
    else if (each.kind === "binary")
      made.set(each, { ...each, left: get(each.left), right: get(each.right) });
    else if (each.kind === "select") {
      made.set(each, { ...each, condition: get(each.condition), yes: get(each.yes), no: get(each.no) });
    } else if (each.kind !== "input" && each.kind !== "constant")
      made.set(each, { ...each, operand: get(each.operand) });
  }
  return get(root);
}

function parametersOf(text: RowsText, head: readonly number[]): Uint32Array {
  const words = [...head, ...text.constants.flatMap((each) => constantWords(each))];
  const padded = new Uint32Array(Math.ceil(words.length / 4) * 4);
  padded.set(words);
  return padded;
}

function tooMany(limit: number): AikoError {
  return new AikoError("UNSUPPORTED", {
    message: `An expression reads more arrays at once than the ${limit} that a kernel binds`,
    hint: "Compute parts of it first.",
  });
}
