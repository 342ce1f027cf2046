import { AikoError } from "../../errors.ts";
import type { Expression, ScalarType } from "../../expression/index.ts";
import { type FieldType, Inputs, type PostProgram, type ReactProgram } from "../../kernels/boards/index.ts";
import type { Board } from "./board.ts";
import type { Fields } from "./fields.ts";
import { type Fold, Reading } from "./folds.ts";
import type { Population } from "./population.ts";
import { type Operand, typedExpression, Value } from "./value.ts";

/** An agent's values before the stage, and who it is. */
export type Me<F extends Fields> = { readonly [K in keyof F]: Value<F[K]> } & { readonly id: Value<"u32"> };

/** A message's values. */
export type Message<F extends Fields> = { readonly [K in keyof F]: Value<F[K]> };

/** What folds come to. */
export type Folds = Readonly<Record<string, Fold>>;
export type Seen<R extends Folds> = { readonly [K in keyof R]: R[K] extends Fold<infer V> ? V : never };

/** What is known besides. */
export interface Moment {
  /** The number of the step, from 0. */
  readonly step: Value<"u32">;
  /** A number from 0 before 1, another one at each call, agent and step; the same on every device. */
  random(): Value<"f32">;
}

export interface PostStage {
  readonly kind: "post";
  readonly population: Population;
  readonly board: Board;
  readonly program: PostProgram;
  readonly append: boolean;
}

export interface ReactStage {
  readonly kind: "react";
  readonly population: Population;
  readonly board: Board | undefined;
  readonly program: ReactProgram;
}

/** A part of a step. Made by `post`, `react` and `change`. */
export type Stage = PostStage | ReactStage;

export interface PostOptions<F extends Fields> {
  /** Agents for which it is false write no message. */
  readonly when?: ((me: Me<F>, moment: Moment) => Operand<"bool">) | undefined;
  /** Adds to what is on the board instead of replacing it. Default false. */
  readonly append?: boolean | undefined;
}

/** Each agent writes a message: values for all of the board's fields. Throws INVALID_ARGUMENT naming a field. */
export function post<F extends Fields, M extends Fields>(
  population: Population<F>,
  board: Board<M>,
  message: (me: Me<F>, moment: Moment) => { readonly [K in keyof M]?: Operand<M[K]> },
  options: PostOptions<F> = {},
): PostStage {
  const inputs = new Inputs();
  const [me, moment] = [meOf(population, inputs), momentOf(inputs)];
  const values: Readonly<Record<string, unknown>> = message(me, moment);
  const unknown = Object.keys(values).find((name) => !board.columns.includes(name));
  if (unknown !== undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Messages of ${board.name} have no field "${unknown}"`,
      hint: `They have ${board.columns.join(", ")}.`,
    });
  }
  const fields = board.columns.map((name, at) =>
    typedExpression(values[name], board.types[at] ?? "f32", `The message field "${name}"`),
  );
  const when = options.when?.(me, moment);
  const program = {
    inputs,
    fields,
    place: board.place.map((name) => board.columns.indexOf(name)),
    when: when === undefined ? undefined : typedExpression(when, "bool", "when"),
  };
  return {
    kind: "post",
    population: population as unknown as Population,
    board: board as unknown as Board,
    program,
    append: options.append ?? false,
  };
}

/** New values of an agent's fields; those not named stay. */
export type Changes<F extends Fields> = { readonly [K in keyof F]?: Operand<F[K]> };

export interface LifeOptions<F extends Fields, S> {
  /** Agents for which it is false are gone after the stage. */
  readonly alive?: ((me: Me<F>, seen: S, moment: Moment) => Operand<"bool">) | undefined;
  /** A new agent where `when` holds, after all others; fields not named are its parent's after the stage. */
  readonly child?:
    | ((me: Me<F>, seen: S, moment: Moment) => { readonly when: Operand<"bool"> } & Changes<F>)
    | undefined;
}

export interface ReactOptions<F extends Fields, S> extends LifeOptions<F, S> {
  /** Where the agent looks. Default: its fields of the names that place messages. */
  readonly at?: ((me: Me<F>) => Readonly<Record<string, Value | number>>) | undefined;
}

/**
 * Each agent takes the messages that it sees together, in the order of their cells and, within a cell, of those who wrote
 * them, and changes by what they come to. Throws INVALID_ARGUMENT naming a field.
 */
export function react<F extends Fields, M extends Fields, R extends Folds>(
  population: Population<F>,
  board: Board<M>,
  read: (me: Me<F>, message: Message<M>, near: Reading) => R,
  update: (me: Me<F>, seen: Seen<R>, moment: Moment) => Changes<F>,
  options: ReactOptions<F, Seen<R>> = {},
): ReactStage {
  const inputs = new Inputs();
  const me = meOf(population, inputs);
  const message = valuesOf(board.columns, board.types, "message", inputs) as Message<M>;
  const near = new Reading(inputs, board.form);
  const folds = read(me, message, near);
  const seen = Object.fromEntries(
    Object.entries(folds).map(([name, fold]) => [name, fold.result]),
  ) as unknown as Seen<R>;
  const places = options.at?.(me) ?? (me as Readonly<Record<string, Value>>);
  const at = board.place.map((name, axis) => placed(places[name], board.types[axis] ?? "f32", name, board));
  const program = {
    ...changed(population, inputs, me, seen, update, options),
    accumulators: near.accumulators,
    at,
  };
  return {
    kind: "react",
    population: population as unknown as Population,
    board: board as unknown as Board,
    program,
  };
}

/** Each agent changes by itself. */
export function change<F extends Fields>(
  population: Population<F>,
  update: (me: Me<F>, moment: Moment) => Changes<F>,
  options: LifeOptions<F, undefined> = {},
): ReactStage {
  const inputs = new Inputs();
  const me = meOf(population, inputs);
  const made = changed(population, inputs, me, undefined, (own, _, moment) => update(own, moment), options);
  return {
    kind: "react",
    population: population as unknown as Population,
    board: undefined,
    program: { ...made, accumulators: [], at: [] },
  };
}

/** Integers that place an agent may be of either kind; negative ones are nowhere, or before the first place. */
function placed(value: unknown, type: FieldType, name: string, board: Board): Expression {
  const wanted = board.form.kind === "array" ? "i32" : type;
  if (value instanceof Value && (value.type === "i32" || value.type === "u32") && wanted !== "f32") {
    return value.as(wanted).expression;
  }
  return typedExpression(value, wanted, `"${name}", where agents look at ${board.name},`);
}

function changed<F extends Fields, S>(
  population: Population<F>,
  inputs: Inputs,
  me: Me<F>,
  seen: S,
  update: (me: Me<F>, seen: S, moment: Moment) => Changes<F>,
  { alive, child }: LifeOptions<F, S>,
): Omit<ReactProgram, "accumulators" | "at"> {
  const moment = momentOf(inputs);
  const { columns, types } = population;
  const named = (changes: Readonly<Record<string, unknown>>, what: string) =>
    Object.entries(changes).map(([name, value]) => {
      const column = columns.indexOf(name, 1);
      if (column < 0) {
        throw new AikoError("INVALID_ARGUMENT", {
          message: `${what} of ${population.name} has no field "${name}"`,
        });
      }
      return { column, value: typedExpression(value, types[column] ?? "f32", `The field "${name}"`) };
    });
  const writes = named(update(me, seen, moment), "A change");
  const lives = alive?.(me, seen, moment);
  const born = child?.(me, seen, moment);
  const program = { inputs, types, writes };
  const { when, ...rest } = (born ?? { when: false }) as Readonly<Record<string, unknown>>;
  const given = new Map([...writes, ...named(rest, "A child")].map(({ column, value }) => [column, value]));
  const inherited = (column: number) =>
    given.get(column) ?? inputs.get(`me${column}`, types[column] as ScalarType);
  return {
    ...program,
    ...(lives === undefined ? {} : { alive: typedExpression(lives, "bool", "alive") }),
    ...(born === undefined
      ? {}
      : {
          child: {
            when: typedExpression(when, "bool", "when"),
            columns: columns.slice(1).map((_, at) => inherited(at + 1)),
          },
        }),
  };
}

function meOf<F extends Fields>(population: Population<F>, inputs: Inputs): Me<F> {
  return valuesOf(population.columns, population.types, "me", inputs) as unknown as Me<F>;
}

function valuesOf(
  names: readonly string[],
  types: readonly FieldType[],
  prefix: string,
  inputs: Inputs,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    names.map((name, at) => [name, new Value(inputs.get(`${prefix}${at}`, types[at] ?? "f32"))]),
  );
}

function momentOf(inputs: Inputs): Moment {
  let drawn = 0;
  return {
    step: new Value(inputs.get("step", "u32")),
    random: () => new Value(inputs.get(`random${drawn++}`, "f32")),
  };
}
