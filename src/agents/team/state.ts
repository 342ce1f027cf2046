import { z } from "zod";
import { AikoError, isAikoError } from "../../errors.ts";
import { frozen } from "./frozen.ts";
import { messageOf } from "./text.ts";

/**
 * How a value takes an update: "last" (default) replaces, "append" adds to a list, "merge" sets keys of an object, "add" adds
 * numbers; a function says what the next value is.
 */
export type Reducer = "last" | "append" | "merge" | "add" | ((current: never, update: never) => unknown);

export interface Channel {
  /** Of the value. Every new value is checked. */
  readonly schema: z.ZodType;
  /** Default: undefined, where the schema allows it. */
  readonly initial?: unknown;
  readonly reduce?: Reducer | undefined;
}

export type Channels = Readonly<Record<string, Channel>>;

type ValueOf<C extends Channel> = z.infer<C["schema"]>;

type UpdateOfChannel<C extends Channel> = C extends { readonly reduce: "append" }
  ? ValueOf<C> extends readonly (infer E)[]
    ? readonly E[] | E
    : never
  : C extends { readonly reduce: "merge" }
    ? Partial<ValueOf<C>>
    : C extends { readonly reduce: (current: never, update: infer U) => unknown }
      ? U
      : ValueOf<C>;

/** What nodes read. */
export type StateOf<C extends Channels> = { readonly [K in keyof C]: ValueOf<C[K]> };
/** What nodes return: what is left out stays. */
export type UpdateOf<C extends Channels> = { readonly [K in keyof C]?: UpdateOfChannel<C[K]> };

/** An update, and who made it. */
export interface Update {
  readonly from: string;
  readonly update: unknown;
}

/** State that the nodes of a workflow share. It is frozen: only reducers change it. */
export interface State<C extends Channels> {
  readonly channels: C;
  initial(): StateOf<C>;
  /** The state after updates, in their order. Rejects with INVALID_VALUE or HANDLER_FAILED, naming whose update it was. */
  reduce(state: StateOf<C>, updates: readonly Update[]): StateOf<C>;
}

type Values = Readonly<Record<string, unknown>>;

/** Describes shared state: a schema, a first value and a reducer for each key. Rejects with INVALID_ARGUMENT. */
export function defineState<const C extends Channels>(channels: C): State<C> {
  const entries = Object.entries(channels).map(
    ([key, { initial }]) => [key, structuredClone(initial)] as const,
  );
  const initial = frozen(Object.fromEntries(entries)) as StateOf<C>;
  for (const [key, value] of entries) {
    const problem = problemOf(channels[key] as Channel, value);
    if (problem === undefined) continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The first value of "${key}" does not fit its schema: ${problem}`,
    });
  }
  return {
    channels,
    initial: () => initial,
    reduce: (state, updates) => {
      const next = updates.reduce((values: Values, update) => applied(channels, values, update), state);
      const changed = Object.keys(channels).filter((key) => next[key] !== (state as Values)[key]);
      if (changed.some((key) => problemOf(channels[key] as Channel, next[key]) !== undefined)) {
        throw misfit(channels, state, updates);
      }
      return frozen(next) as StateOf<C>;
    },
  };
}

function applied(channels: Channels, state: Values, { from, update: given }: Update): Values {
  if (given === undefined || given === null) return state;
  if (typeof given !== "object" || Array.isArray(given)) throw notAnUpdate(from, given);
  const next: Record<string, unknown> = { ...state };
  for (const [key, value] of Object.entries(given)) {
    const channel = Object.hasOwn(channels, key) ? channels[key] : undefined;
    if (channel === undefined) throw unknownKey(from, key, Object.keys(channels));
    if (value !== undefined) next[key] = reduced(channel, next[key], value, `${from} for "${key}"`);
  }
  return next;
}

function reduced({ reduce = "last" }: Channel, current: unknown, given: unknown, what: string): unknown {
  try {
    const update = copyOf(given, what);
    if (typeof reduce !== "function") return builtIn[reduce](current, update);
    return reduce(current as never, update as never);
  } catch (cause) {
    if (isAikoError(cause, "INVALID_VALUE")) throw cause;
    throw new AikoError("HANDLER_FAILED", {
      message: `The reducer failed on what came from ${what}: ${messageOf(cause)}`,
      cause,
    });
  }
}

/** Whose update the schema refuses: all are checked together, as a check for each would take the square of their number. */
function misfit(channels: Channels, state: Values, updates: readonly Update[]): AikoError {
  let values = state;
  for (const update of updates) {
    const before = values;
    values = frozen(applied(channels, values, update));
    for (const [key, channel] of Object.entries(channels)) {
      const problem = values[key] === before[key] ? undefined : problemOf(channel, values[key]);
      if (problem === undefined) continue;
      const message = `What came from ${update.from} for "${key}" does not fit its schema: ${problem}`;
      return new AikoError("INVALID_VALUE", { message });
    }
  }
  return new AikoError("INVALID_VALUE", { message: "The state does not fit its schema" });
}

const builtIn: Readonly<
  Record<Exclude<Reducer, (...values: never[]) => unknown>, (current: unknown, update: unknown) => unknown>
> = {
  last: (_, update) => update,
  append: (current, update) => {
    // What is not frozen was made by an update before, of the same step.
    const list = Object.isFrozen(current ?? null)
      ? [...((current ?? []) as unknown[])]
      : (current as unknown[]);
    for (const item of Array.isArray(update) ? update : [update]) list.push(item);
    return list;
  },
  merge: (current, update) => ({ ...(current as object | undefined), ...(update as object) }),
  add: (current, update) => ((current ?? 0) as number) + (update as number),
};

function copyOf(update: unknown, what: string): unknown {
  try {
    return structuredClone(update);
  } catch (cause) {
    throw new AikoError("INVALID_VALUE", {
      message: `What came from ${what} cannot be copied: ${messageOf(cause)}`,
      cause,
    });
  }
}

function problemOf({ schema }: Channel, value: unknown): string | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success ? undefined : z.prettifyError(parsed.error);
}

function notAnUpdate(from: string, update: unknown): AikoError {
  return new AikoError("INVALID_VALUE", {
    message: `${from} gave ${Array.isArray(update) ? "an array" : typeof update}, not an object with new values by key`,
  });
}

function unknownKey(from: string, key: string, keys: readonly string[]): AikoError {
  return new AikoError("INVALID_VALUE", {
    message: `${from} gave a value for "${key}", which the state does not have`,
    hint: `It has ${keys.join(", ")}.`,
  });
}
