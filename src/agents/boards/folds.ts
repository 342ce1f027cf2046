import { AikoError } from "../../errors.ts";
import type { ScalarType } from "../../expression/index.ts";
import type { Accumulator, BoardForm, FieldType, Inputs } from "../../kernels/boards/index.ts";
import { expressionOf, type Operand, Value } from "./value.ts";

/** What all messages that an agent sees come to. */
export interface Fold<V = unknown> {
  /** For the update. */
  readonly result: V;
}

/** A way to tell which messages count. */
type Where = Operand<"bool"> | undefined;

/**
 * How an agent takes messages together, and the way to the one at hand. `where` leaves messages out. Folds go through the
 * messages one after the other, so that sums are rounded in the same order everywhere.
 */
export class Reading {
  /** @internal */
  readonly accumulators: Accumulator[] = [];
  readonly #inputs: Inputs;
  readonly #form: BoardForm;

  /** @internal */
  constructor(inputs: Inputs, form: BoardForm) {
    this.#inputs = inputs;
    this.#form = form;
  }

  /** From the agent to the message, along x; of spatial boards. */
  get dx(): Value<"f32"> {
    return this.#way("dx", 2);
  }
  get dy(): Value<"f32"> {
    return this.#way("dy", 2);
  }
  get dz(): Value<"f32"> {
    return this.#way("dz", 3);
  }
  /** `dx * dx + dy * dy + dz * dz`. */
  get squared(): Value<"f32"> {
    return this.#way("squared", 2);
  }
  get distance(): Value<"f32"> {
    return this.squared.sqrt();
  }

  /** Of the edge that leads to the message; of graphs. */
  get weight(): Value<"f32"> {
    if (this.#form.kind === "graph") return new Value(this.#inputs.get("weight", "f32"));
    throw new AikoError("INVALID_ARGUMENT", { message: `A ${this.#form.kind} board has no weights` });
  }

  /** How many there are. */
  count(where?: Where): Fold<Value<"u32">> {
    const one = where === undefined ? 1 : new Value<"bool">(expressionOf(where, "bool")).as("u32");
    return this.fold("u32", 0, (count) => count.plus(one));
  }

  sum<T extends FieldType>(value: Value<T>, where?: Where): Fold<Value<T>> {
    if (where === undefined) return this.fold(value.type, 0, (sum) => sum.plus(value));
    // Adding -0 changes nothing, not even -0; the choice needs no fold and so can be made of many messages at once.
    const nothing = value.type === "f32" ? -0 : 0;
    const counted = new Value<"bool">(expressionOf(where, "bool")).choose<ScalarType>(value, nothing);
    return this.fold(value.type, 0, (sum) => sum.plus(counted as Value<T>));
  }

  /** Of no messages 0 / 0, which is NaN. */
  mean(value: Value<"f32">, where?: Where): Fold<Value<"f32">> {
    const sum = this.sum(value, where).result;
    return { result: sum.over(this.count(where).result.as("f32")) };
  }

  /** Of no messages what `otherwise` says: Infinity, or the greatest of the type. */
  min<T extends FieldType>(value: Value<T>, where?: Where, otherwise?: number): Fold<Value<T>> {
    const most = { f32: Number.POSITIVE_INFINITY, i32: 2 ** 31 - 1, u32: 2 ** 32 - 1 }[
      value.type as FieldType
    ];
    return this.#otherwise(
      this.fold(value.type, most, (least) => least.atMost(value), where),
      otherwise,
      where,
    );
  }

  /** Of no messages what `otherwise` says: -Infinity, or the least of the type. */
  max<T extends FieldType>(value: Value<T>, where?: Where, otherwise?: number): Fold<Value<T>> {
    const least = { f32: Number.NEGATIVE_INFINITY, i32: -(2 ** 31), u32: 0 }[value.type as FieldType];
    return this.#otherwise(
      this.fold(value.type, least, (most) => most.atLeast(value), where),
      otherwise,
      where,
    );
  }

  /** Values of the message for which `by` is least, the first of them; 0 where there is none. */
  nearest<V extends Readonly<Record<string, Value<FieldType>>>>(
    by: Value<"f32">,
    values: V,
    where?: Where,
  ): Fold<V & { readonly by: Value<"f32"> }> {
    const best = this.#accumulator("f32", Number.POSITIVE_INFINITY);
    const isBetter = where === undefined ? by.less(best.value) : by.less(best.value).and(where);
    best.setNext(isBetter.choose(by, best.value));
    const kept = Object.entries(values).map(([name, value]) => {
      const own = this.#accumulator(value.type, 0);
      own.setNext(isBetter.choose(value, own.value));
      return [name, own.value] as const;
    });
    return { result: { ...Object.fromEntries(kept), by: best.value } as unknown as V & { by: Value<"f32"> } };
  }

  /** Any: `initial`, then `next` of what it was at each message. */
  fold<T extends FieldType>(
    type: T,
    initial: Value<T> | number,
    next: (accumulator: Value<T>) => Value<T>,
    where?: Where,
  ): Fold<Value<T>> {
    const own = this.#accumulator(type, initial);
    const taken = next(own.value);
    const isTaken = where === undefined ? undefined : new Value<"bool">(expressionOf(where, "bool"));
    own.setNext(isTaken === undefined ? taken : isTaken.choose(taken, own.value));
    return { result: own.value };
  }

  #otherwise<T extends FieldType>(
    fold: Fold<Value<T>>,
    otherwise: number | undefined,
    where: Where,
  ): Fold<Value<T>> {
    if (otherwise === undefined) return fold;
    const { result } = fold;
    const none = new Value<T>(expressionOf<ScalarType>(otherwise, result.type));
    return { result: this.count(where).result.equal(0).choose(none, result) };
  }

  #accumulator<T extends FieldType>(type: T, initial: Value<T> | number) {
    const at = this.accumulators.length;
    const value = new Value<T>(this.#inputs.get(`fold${at}`, type));
    const made = { type, initial: expressionOf<ScalarType>(initial, type), next: value.expression };
    this.accumulators.push(made);
    const setNext = (next: Value<T>) => {
      this.accumulators[at] = { ...made, next: next.expression };
    };
    return { value, setNext };
  }

  #way(name: string, dimensions: number): Value<"f32"> {
    const { kind } = this.#form;
    if (kind === "spatial" && this.#form.dimensions >= dimensions)
      return new Value(this.#inputs.get(name, "f32"));
    throw new AikoError("INVALID_ARGUMENT", { message: `A ${kind} board has no ${name}` });
  }
}
