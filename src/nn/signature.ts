import { formatShape, type Shape } from "../core/shape.ts";
import { suggest } from "../core/suggest.ts";
import { AikoError } from "../errors.ts";
import type { Dimension, ElementType, OnnxModel, ValueInfo } from "./onnx/index.ts";
import { elementTypeName } from "./onnx/index.ts";
import { type NnTensor, type TensorInput, toTensor } from "./tensor.ts";

/** An input or output of a model. */
export interface ModelValue {
  readonly name: string;
  /** "unsupported" for what cannot be handed over; `type` says what it is. */
  readonly dtype: ElementType;
  /** "f32", "FLOAT8E5M2", "sequence". */
  readonly type: string;
  /** A size, the name of an open one, or `undefined`; all of it `undefined` where the rank is open. */
  readonly shape: readonly Dimension[] | undefined;
  /** Whether it may be left out of a run, because the model has a default. */
  readonly optional: boolean;
}

export function modelInputs({ graph }: OnnxModel): readonly ModelValue[] {
  return graph.inputs.map((info) => modelValue(info, graph.initializers.has(info.name)));
}

export function modelOutputs({ graph }: OnnxModel): readonly ModelValue[] {
  return graph.outputs.map((info) => modelValue(info, false));
}

function modelValue({ name, type }: ValueInfo, optional: boolean): ModelValue {
  if (type.kind !== "tensor")
    return { name, dtype: "unsupported", type: type.kind, shape: undefined, optional };
  const { dtype, elementType, shape } = type;
  return { name, dtype, type: elementTypeName(elementType), shape, optional };
}

/** "f32 batch x 3 x ?". */
export function formatValue({ type, shape }: ModelValue): string {
  if (shape === undefined) return type;
  return `${type} ${shape.length === 0 ? "scalar" : shape.map((size) => size ?? "?").join("x")}`;
}

/** The tensors of one run, checked against what the model takes. Throws INVALID_ARGUMENT, and UNSUPPORTED for other kinds of values. */
export function checkInputs(
  inputs: readonly ModelValue[],
  given: Readonly<Record<string, TensorInput>>,
): Readonly<Record<string, NnTensor>> {
  if (typeof given !== "object" || given === null) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A run takes tensors by name, not ${given === null ? "null" : typeof given}`,
      hint: `The model's inputs: ${names(inputs)}.`,
    });
  }
  for (const name of Object.keys(given)) {
    if (!inputs.some((input) => input.name === name)) throw unknownName("input", name, inputs);
  }
  const tensors: Record<string, NnTensor> = {};
  const missing: string[] = [];
  for (const input of inputs) {
    const value = Object.hasOwn(given, input.name) ? given[input.name] : undefined;
    if (value !== undefined) setOwn(tensors, input.name, checkInput(input, value));
    else if (!input.optional) missing.push(input.name);
  }
  if (missing.length > 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The model needs ${missing.length === 1 ? "the input" : "the inputs"} ${missing.map((name) => `"${name}"`).join(", ")}`,
      hint: `Its inputs: ${inputs.map((input) => `${input.name} (${formatValue(input)})`).join(", ")}.`,
    });
  }
  return tensors;
}

/** A name such as "__proto__" must not mean anything. */
function setOwn(record: Record<string, NnTensor>, name: string, value: NnTensor): void {
  Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}

/** All outputs, or those asked for. Throws INVALID_ARGUMENT. */
export function checkOutputs(
  outputs: readonly ModelValue[],
  asked: readonly string[] | undefined,
): readonly string[] {
  if (asked === undefined) return outputs.map(({ name }) => name);
  if (!Array.isArray(asked) || asked.length === 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: "outputs is not a list of names",
      hint: `The model's outputs: ${names(outputs)}. Leave it out for all of them.`,
    });
  }
  for (const name of asked) {
    if (!outputs.some((output) => output.name === name)) throw unknownName("output", name, outputs);
  }
  return [...new Set(asked)];
}

function checkInput(input: ModelValue, given: TensorInput): NnTensor {
  const what = `Input "${input.name}"`;
  if (input.dtype === "unsupported") {
    throw new AikoError("UNSUPPORTED", {
      message: `${what} is of type ${input.type}, which is not supported`,
    });
  }
  const tensor = toTensor(what, given, input.dtype);
  const { shape } = tensor;
  const wanted = input.shape;
  if (wanted === undefined) return tensor;
  const fits =
    shape.length === wanted.length &&
    wanted.every((size, axis) => typeof size !== "number" || size === shape[axis]);
  if (!fits) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${what} is ${formatShape(shape)}, but the model takes ${formatValue(input)}`,
      hint: missingBatchHint(shape, wanted),
    });
  }
  return tensor;
}

function missingBatchHint(shape: Shape, wanted: readonly Dimension[]): string | undefined {
  if (shape.length !== wanted.length - 1) return undefined;
  return `It has ${wanted.length} dimensions: perhaps ${formatShape([1, ...shape])} was meant, a batch of one.`;
}

function unknownName(kind: string, name: string, values: readonly ModelValue[]): AikoError {
  const near = suggest(
    name,
    values.map((value) => value.name),
  );
  return new AikoError("INVALID_ARGUMENT", {
    message: `The model has no ${kind} "${name}"`,
    hint: near === undefined ? `Its ${kind}s: ${names(values)}.` : `Did you mean "${near}"?`,
  });
}

function names(values: readonly ModelValue[]): string {
  return values.length === 0 ? "none" : values.map(({ name }) => `"${name}"`).join(", ");
}
