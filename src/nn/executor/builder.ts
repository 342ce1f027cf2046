import { elementCount, sameShape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";
import type { Buffer, BufferSource } from "./buffer.ts";
import { applications, type Expression, moved, partsOf } from "./expression.ts";
import { storedTensor } from "./host-tensor.ts";
import { type Pointwise, pointwiseStep } from "./pointwise.ts";
import type { DeviceTraits, Step } from "./step.ts";
import { type DType, elementAt, type HostTensor, isFloat, storageBytes } from "./types.ts";
import { denseStrides, expanded, isDense, reshaped, sliced, transposed, type View } from "./views.ts";

/** A tensor of the plan: nothing is computed before somebody needs it in memory. */
export interface Value {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly expression: Expression;
  /** Present where planning knows the elements. */
  readonly host?: HostTensor | undefined;
}

/** A step that can take an expression of its result along, as long as nobody needs the result itself. */
export interface Pending {
  emit(): Step;
  /** The step that writes the expression instead; `undefined` where it cannot. */
  absorb(fused: Fused): Step | undefined;
}

export interface Fused {
  readonly expression: Expression;
  readonly shape: readonly number[];
  readonly result: Buffer;
  readonly operators: readonly string[];
}

const mostInputs = 6;
const mostApplications = 60;
const hostElements = 4096;

/** Collects the steps of a plan. */
export class PlanBuilder {
  readonly traits: DeviceTraits;
  readonly steps: Step[] = [];
  readonly #pending = new Map<Buffer, Pending>();
  readonly #operators = new WeakMap<Expression, string>();
  readonly #constants = new Map<string, Buffer>();
  #buffers = 0;
  /** The operator being planned, for descriptions. */
  operator = "";

  constructor(traits: DeviceTraits) {
    this.traits = traits;
  }

  buffer(dtype: DType, length: number, source: BufferSource = { kind: "step" }): Buffer {
    return { id: this.#buffers++, dtype, length, source };
  }

  /** A tensor whose elements the plan starts with. */
  constant(key: string, dtype: DType, shape: readonly number[], tensor: HostTensor | ConstantTensor): Value {
    let buffer = this.#constants.get(key);
    if (buffer === undefined) {
      buffer = this.buffer(dtype, elementCount(shape), { kind: "constant", key, tensor });
      this.#constants.set(key, buffer);
    }
    return this.leaf(buffer, shape);
  }

  /** A tensor of the model: whole numbers that may decide shapes, and single ones, are known while planning. */
  given(key: string, tensor: ConstantTensor, dtype: DType, shape: readonly number[]): Value {
    const count = elementCount(shape);
    const host = count <= (isFloat(dtype) ? 1 : hostElements) ? storedTensor(tensor) : undefined;
    return host === undefined ? this.constant(key, dtype, shape, tensor) : this.known(host);
  }

  /** What planning computed. One number becomes a part of the kernels that use it. */
  known(host: HostTensor): Value {
    const { dtype, shape, data } = host;
    const [first] = data;
    if (
      first !== undefined &&
      data.length <= hostElements &&
      data.every((value: number | bigint) => Object.is(value, first))
    ) {
      return { dtype, shape, expression: { kind: "constant", dtype, value: first }, host };
    }
    const key = `value ${dtype} ${data.join(" ")}`;
    return { ...this.constant(key, dtype, shape, host), host };
  }

  scalar(dtype: DType, value: number | bigint, shape: readonly number[] = []): Value {
    return { dtype, shape, expression: { kind: "constant", dtype, value } };
  }

  /** An i32 made of an element's coordinates. */
  position(shape: readonly number[], strides: readonly number[], offset = 0): Value {
    return { dtype: "i32", shape, expression: { kind: "position", dtype: "i32", strides, offset } };
  }

  leaf(
    buffer: Buffer,
    shape: readonly number[],
    view: View = { strides: denseStrides(shape), offset: 0 },
  ): Value {
    return { dtype: buffer.dtype, shape, expression: { kind: "leaf", buffer, dtype: buffer.dtype, ...view } };
  }

  /** One scalar operation on every element, broadcasting. */
  apply(operation: string, dtype: DType, ...inputs: readonly Value[]): Value {
    const shape = broadcast(inputs.map((input) => input.shape));
    let values = inputs.every(isConstant)
      ? inputs
      : inputs.map((value) => (isConstant(value) ? this.settle(value) : value));
    const whole = () => this.#applied(operation, dtype, values, shape);
    let made = whole();
    const heavy = () =>
      inputsOf(made.expression) > mostInputs || applications(made.expression) > mostApplications;
    while (heavy()) {
      const worst = values
        .map((value, at) => ({ at, weight: applications(value.expression) * 8 + inputsOf(value.expression) }))
        .sort((a, b) => b.weight - a.weight)[0];
      if (worst === undefined || applications(elementAt(values, worst.at).expression) === 0) break;
      const same = elementAt(values, worst.at);
      const settled = this.settle(same);
      values = values.map((value) => (value === same ? settled : value));
      made = whole();
    }
    return made;
  }

  #applied(operation: string, dtype: DType, values: readonly Value[], shape: readonly number[]): Value {
    const args = values.map((value) => this.expand(value, shape).expression);
    const expression: Expression = { kind: "apply", operation, dtype, args };
    this.#operators.set(expression, this.operator);
    return { dtype, shape, expression };
  }

  cast(value: Value, dtype: DType): Value {
    return value.dtype === dtype ? value : this.apply("cast", dtype, value);
  }

  expand(value: Value, shape: readonly number[]): Value {
    if (sameShape(value.shape, shape)) return value;
    return this.#move(value, shape, (view) => expanded(view, value.shape, shape));
  }

  transpose(value: Value, order: readonly number[]): Value {
    const shape = order.map((at) => elementAt(value.shape, at));
    if (order.every((from, to) => from === to)) return value;
    return this.#move(value, shape, (view) => transposed(view, order));
  }

  slice(value: Value, starts: readonly number[], steps: readonly number[], shape: readonly number[]): Value {
    return this.#move(value, shape, (view) => sliced(view, starts, steps));
  }

  reshape(value: Value, shape: readonly number[]): Value {
    if (sameShape(value.shape, shape)) return value;
    const views = partsOf(value.expression).filter(
      (part) => part.kind === "leaf" || part.kind === "position",
    );
    const fits = views.every((view) => reshaped(view, value.shape, shape) !== undefined);
    const source = fits ? value : this.leaf(this.dense(value), value.shape);
    const expression = moved(source.expression, (view) => reshaped(view, value.shape, shape) ?? view);
    this.#carry(source.expression, expression);
    return { dtype: value.dtype, shape, expression };
  }

  /** A result that waits for what takes it is written in its own order first: seen otherwise it could not be. */
  #move(value: Value, shape: readonly number[], move: (view: View) => View): Value {
    const waits =
      applications(value.expression) > 0 &&
      partsOf(value.expression).some((part) => part.kind === "leaf" && this.#pending.has(part.buffer));
    const source = waits && elementCount(shape) > 0 ? this.settle(value) : value;
    const expression = moved(source.expression, move);
    this.#carry(source.expression, expression);
    return { dtype: value.dtype, shape, expression };
  }

  #carry(from: Expression, to: Expression): void {
    const before = partsOf(from);
    partsOf(to).forEach((part, at) => {
      const known = this.#operators.get(elementAt(before, at));
      if (known !== undefined) this.#operators.set(part, known);
    });
  }

  /** The same value with nothing left to compute. */
  settle(value: Value): Value {
    if (applications(value.expression) === 0) {
      for (const part of partsOf(value.expression)) if (part.kind === "leaf") this.#need(part.buffer);
      return value;
    }
    return { ...this.leaf(this.dense(value), value.shape), host: value.host };
  }

  /** The elements in memory, row-major from the start of a buffer. */
  dense(value: Value): Buffer {
    const { expression, shape, dtype } = value;
    if (
      expression.kind === "leaf" &&
      expression.buffer.length === elementCount(shape) &&
      isDense(shape, expression)
    ) {
      this.#need(expression.buffer);
      return expression.buffer;
    }
    const result = this.buffer(dtype, elementCount(shape));
    const operators = this.#operatorsOf(expression);
    const absorbed = this.#absorb({ expression, shape, result, operators });
    if (absorbed !== undefined) this.steps.push(absorbed);
    else this.write(value, result);
    return result;
  }

  /** Writes a value into a part of a buffer, or all of it. */
  write(value: Value, result: Buffer, out?: View): void {
    const { expression, shape } = value;
    for (const part of partsOf(expression)) if (part.kind === "leaf") this.#need(part.buffer);
    const operators = this.#operatorsOf(expression);
    this.steps.push(pointwiseStep(this.traits, { expression, shape, result, out, operators }));
  }

  emit(step: Step): void {
    for (const buffer of step.reads) this.#need(buffer);
    this.steps.push(step);
  }

  /** What writes a buffer; `undefined` where some of it is not elementwise. */
  writersOf(buffer: Buffer): readonly Pointwise[] | undefined {
    if (this.#pending.has(buffer)) return undefined;
    const steps = this.steps.filter((step) => step.writes.includes(buffer));
    const found = steps.flatMap(({ pointwise }) => pointwise ?? []);
    return found.length === steps.length ? found : undefined;
  }

  /** A step that waits for who takes its result: it may take what follows along. */
  wait(result: Buffer, pending: Pending): void {
    this.#pending.set(result, pending);
  }

  /** What was taken along may be needed by itself, too: then it is computed again. */
  #need(buffer: Buffer): void {
    const pending = this.#pending.get(buffer);
    if (pending === undefined) return;
    this.#pending.delete(buffer);
    this.steps.push(pending.emit());
  }

  #absorb(fused: Fused): Step | undefined {
    const parts = partsOf(fused.expression);
    const leaves = parts.filter((part) => part.kind === "leaf");
    for (const { buffer } of leaves) {
      const pending = this.#pending.get(buffer);
      const own = leaves.filter((leaf) => leaf.buffer === buffer);
      if (pending === undefined || buffer.length !== elementCount(fused.shape)) continue;
      if (!own.every((leaf) => isDense(fused.shape, leaf))) continue;
      for (const leaf of leaves) if (leaf.buffer !== buffer) this.#need(leaf.buffer);
      const step = pending.absorb(fused);
      if (step !== undefined) return step;
    }
    return undefined;
  }

  #operatorsOf(expression: Expression): string[] {
    const names = partsOf(expression).flatMap((part) => this.#operators.get(part) ?? []);
    const distinct = names.filter((name, at) => names.indexOf(name) === at);
    return distinct.length > 0 ? distinct : [this.operator];
  }
}

export type ConstantTensor = Extract<BufferSource, { kind: "constant" }>["tensor"];

export function bytesOfBuffer({ dtype, length }: Buffer): number {
  return Math.max(1, length) * storageBytes(dtype);
}

/** Whether something is left to compute from constants of the model alone: better once than in every run. */
function isConstant({ expression }: Value): boolean {
  const leaves = partsOf(expression).filter((part) => part.kind === "leaf");
  return leaves.length > 0 && leaves.every(({ buffer }) => buffer.source.kind === "constant");
}

function inputsOf(expression: Expression): number {
  return new Set(partsOf(expression).flatMap((part) => (part.kind === "leaf" ? [part.buffer] : []))).size;
}

/** The shape that NumPy would broadcast to. Throws INVALID_ARGUMENT where there is none. */
export function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, at) => {
    let size = 1;
    for (const shape of shapes) {
      const own = shape[at - rank + shape.length] ?? 1;
      if (own === 1) continue;
      if (size !== 1 && size !== own) {
        const text = shapes.map((each) => `[${each.join(", ")}]`).join(" and ");
        throw new AikoError("INVALID_ARGUMENT", { message: `Shapes ${text} do not broadcast` });
      }
      size = own;
    }
    return size;
  });
}
