import { AikoError, type ErrorCode } from "../../errors.ts";
import { binary, constant } from "../../expression/build.ts";
import {
  asPredicate,
  type KernelInput,
  type LoweredExpression,
  lower,
  type ResolvedExpression,
  toSql,
} from "../../expression/column/index.ts";
import { and, choose } from "../../expression/column/lower/lowered.ts";
import type { Expression } from "../../expression/expression.ts";
import type { FixedMemory, Memory } from "../../kernels/columns/column.ts";
import { evaluateRows, type RowExpression, type TableMemory, textTest } from "../../kernels/index.ts";
import { singleText, uploaded } from "./dictionaries.ts";
import type { LoadedColumn } from "./held-column.ts";
import { type LoweredInput, loweredInputs } from "./lowered-inputs.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Step } from "./step.ts";
import { columnAt, mostTexts, ofEachText, withoutTextFunctions } from "./text-functions.ts";

export type Pass = Pick<Pipeline, "predicates" | "expressions" | "names">;

/**
 * New columns for expressions, and after them the mask of the predicates where there are any. Errors of expressions count in
 * rows where the predicates hold, those of a predicate where the ones before it hold. Rejects with OVERFLOW, INVALID_VALUE
 * and UNSUPPORTED.
 */
export async function compute(
  step: Step,
  columns: readonly (LoadedColumn | undefined)[],
  count: number,
  pass: Pass,
): Promise<readonly LoadedColumn[]> {
  const { device, options } = step;
  const texts = await ofTexts(step, columns, count, pass);
  const inputs = await loweredInputs(step, texts.columns, count);
  const { slots, rows } = rowExpressions(texts.pass, inputs, device.adapter.features.has("f64"));
  const memory = [];
  for (const slot of slots) memory.push(await memoryOf(step, slot, inputs, slots, count));
  const made = await evaluateRows(device, { columns: memory, expressions: rows, count }, options);
  if (made.error !== undefined) {
    const bits = await wordOf(step, made.error);
    if (bits !== 0) throw await culprit(step, { pass: texts.pass, rows, memory, count, bits });
  }
  const results = [...made.columns];
  const given = texts.pass.expressions.map((expression): LoadedColumn | undefined => {
    const { type } = expression;
    if (expression.kind === "column") return texts.columns[expression.index];
    const memory = results.shift();
    return (
      memory && { type, memory, dictionary: type.kind === "utf8" ? textOfLiteral(expression) : undefined }
    );
  });
  const [mask] = results;
  if (mask !== undefined) given.push({ type: bool, memory: mask });
  return given.filter((column) => column !== undefined);
}

/** Functions of texts in dictionaries become columns. */
async function ofTexts(
  step: Step,
  columns: readonly (LoadedColumn | undefined)[],
  count: number,
  { predicates, expressions, names }: Pass,
) {
  const wanted: { readonly node: ResolvedExpression; readonly index: number }[] = [];
  const isEncoded = (index: number) => {
    const texts = columns[index]?.dictionary?.length ?? Number.POSITIVE_INFINITY;
    return texts <= mostTexts;
  };
  const rewrite = (expression: ResolvedExpression) =>
    withoutTextFunctions(expression, isEncoded, (node, index) => {
      wanted.push({ node, index });
      return columnAt(columns.length + wanted.length - 1, node.type);
    });
  const pass = { predicates: predicates.map(rewrite), expressions: expressions.map(rewrite), names };
  const made: LoadedColumn[] = [];
  for (const { node, index } of wanted) {
    const column = columns[index];
    if (column !== undefined) made.push(await ofEachText(step, node, column, count));
  }
  const functionNames = wanted.map(({ node }) => toSql(node, (index) => names[index] ?? ""));
  return { columns: [...columns, ...made], pass: { ...pass, names: [...names, ...functionNames] } };
}

async function wordOf({ device, options }: Step, memory: Memory): Promise<number> {
  const words = new Uint32Array(memory.byteLength / 4);
  await device.read(memory, words, { timer: options.timer });
  return words[0] ?? 0;
}

const bool = { kind: "bool" } as const;

/** The expressions, and last the predicates as one. */
function rowExpressions({ predicates, expressions }: Pass, inputs: readonly LoweredInput[], f64: boolean) {
  const kinds = inputs.map(({ lowering }) => lowering);
  const computed = expressions.filter(({ kind }) => kind !== "column");
  const codes = computed.map(codeOfLiteral);
  const toLower = computed.filter((_, at) => codes[at] === undefined);
  const { inputs: slots, expressions: results } = lower([...predicates, ...toLower], kinds, { f64 });
  const lowered = results.map((result) => {
    if (!("reason" in result)) return result;
    throw new AikoError("UNSUPPORTED", {
      message: `An expression cannot run on the device: ${result.reason}`,
    });
  });
  let holds: Expression | undefined;
  let errors: Expression | undefined;
  for (const predicate of lowered.slice(0, predicates.length)) {
    const { value, error } = within(asPredicate(predicate), holds);
    holds = holds === undefined ? value : and(holds, value);
    if (error !== undefined) errors = errors === undefined ? error : binary("bitOr", errors, error);
  }
  const own = lowered.slice(predicates.length);
  const rows: RowExpression[] = codes.map((code) => code ?? within(own.shift() as LoweredExpression, holds));
  if (holds !== undefined) rows.push({ value: holds, error: errors, physical: "bits" });
  return { slots, rows };
}

/** With errors only where a condition holds. */
function within(lowered: LoweredExpression, holds: Expression | undefined): LoweredExpression {
  const { error } = lowered;
  if (error === undefined || holds === undefined) return lowered;
  if (holds.kind === "constant") return holds.value === true ? lowered : { ...lowered, error: undefined };
  return { ...lowered, error: choose(holds, error, constant(0, "u32")) };
}

/** A text that is written down is the only one of a dictionary. */
function codeOfLiteral(expression: ResolvedExpression): RowExpression | undefined {
  if (expression.kind !== "literal" || expression.type.kind !== "utf8") return undefined;
  const code: RowExpression = { value: constant(0, "u32"), physical: "u32" };
  return expression.value === null ? { ...code, valid: constant(false, "bool") } : code;
}

function textOfLiteral(expression: ResolvedExpression | undefined) {
  return singleText(expression?.kind === "literal" ? String(expression.value ?? "") : "");
}

async function memoryOf(
  step: Step,
  slot: KernelInput,
  inputs: readonly LoweredInput[],
  slots: readonly KernelInput[],
  count: number,
): Promise<FixedMemory | TableMemory> {
  const column = inputs[slot.index]?.memory;
  if (column === undefined)
    throw new AikoError("INTERNAL", { message: `Column ${slot.index} was not loaded` });
  if (slot.kind === "codeSet") {
    const codes = slots.findIndex((each) => each.kind === "column" && each.index === slot.index);
    return { physical: "table", codes, values: await uploaded(step, slot.bits, "codes") };
  }
  if (slot.kind === "textTest" && column.physical === "text") {
    const test = { kind: slot.test, pattern: new TextEncoder().encode(slot.pattern) };
    return { physical: "bits", values: await textTest(step.device, { column, test, count }, step.options) };
  }
  if (column.physical !== "text") return column;
  // Only whether they are null is looked at.
  return { physical: "i32", values: column.offsets, validity: column.validity };
}

interface Failed {
  readonly pass: Pass;
  readonly rows: readonly RowExpression[];
  readonly memory: readonly (FixedMemory | TableMemory)[];
  readonly count: number;
  readonly bits: number;
}

/** The error of the first expression that has one. */
async function culprit(step: Step, { pass, rows, memory, count, bits }: Failed): Promise<AikoError> {
  const { device, options } = step;
  for (const [at, { error }] of rows.entries()) {
    if (error === undefined) continue;
    const flags: RowExpression = {
      value: binary("notEqual", error, constant(0, "u32")),
      error,
      physical: "bits",
    };
    const made = await evaluateRows(device, { columns: memory, expressions: [flags], count }, options);
    if (made.error === undefined) continue;
    const own = await wordOf(step, made.error);
    if (own !== 0) return errorOf(own, textOf(pass, at));
  }
  return errorOf(bits, "an expression");
}

function textOf({ expressions, predicates, names }: Pass, at: number): string {
  const name = (index: number) => names[index] ?? `column ${index}`;
  const expression = expressions.filter(({ kind }) => kind !== "column")[at];
  if (expression !== undefined) return toSql(expression, name);
  return predicates.map((predicate) => toSql(predicate, name)).join(" AND ");
}

function errorOf(bits: number, text: string): AikoError {
  const code: ErrorCode = (bits & 1) !== 0 ? "OVERFLOW" : "INVALID_VALUE";
  return new AikoError(code, {
    message:
      code === "OVERFLOW"
        ? `A value of ${text} does not fit its type`
        : `A value of ${text} cannot be what it is cast to`,
    hint: "Cast to a wider type, or with orNull for nulls in their place.",
  });
}
