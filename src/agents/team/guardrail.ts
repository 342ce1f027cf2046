import { AikoError, isAikoError } from "../../errors.ts";
import type { ChatMessage } from "../../llm/index.ts";
import { checkTimeout, withDeadline } from "./deadline.ts";
import { bounded, messageOf } from "./text.ts";

export type GuardrailStage = "input" | "output" | "tool";

/** Whether a value may pass, and why not. A text is a reason why not. */
export type GuardrailVerdict =
  | boolean
  | string
  | undefined
  | { readonly ok: boolean; readonly message?: string | undefined; readonly rule?: string | undefined };

export interface GuardrailContext {
  readonly agent: string;
  /** The conversation so far. */
  readonly messages: readonly ChatMessage[];
  readonly locals: unknown;
  readonly signal: AbortSignal;
}

export type GuardrailCheck<V> = (
  value: V,
  context: GuardrailContext,
) => GuardrailVerdict | Promise<GuardrailVerdict>;

export interface GuardrailOptions<V> {
  readonly name: string;
  readonly check: GuardrailCheck<V>;
  /** Of an input: the model begins meanwhile, and is cancelled when the guardrail trips. No tool runs before. Default false. */
  readonly parallel?: boolean | undefined;
  /** Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** A function, or one with a name and options. */
export type Guardrail<V> = GuardrailCheck<V> | GuardrailOptions<V>;

/** A call of a tool before it runs, or with what the tool returned. */
export interface ToolUse {
  readonly stage: "call" | "result";
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** What the model would read. */
  readonly result?: string | undefined;
}

export interface Guardrails {
  /** See the text that the user gave. One that trips ends the run: GUARDRAIL_TRIPPED. */
  readonly input?: readonly Guardrail<string>[] | undefined;
  /** See the text of an answer. One that trips makes the model try again. */
  readonly output?: readonly Guardrail<string>[] | undefined;
  /** See every use of a tool, before and after. One that trips is told to the model, which does not get the result. */
  readonly tool?: readonly Guardrail<ToolUse>[] | undefined;
}

export interface NamedGuardrail<V> extends Required<GuardrailOptions<V>> {}

export interface Trip {
  readonly guardrail: string;
  readonly message: string;
}

const defaultTimeoutMs = 30_000;
const mostCharacters = 2_000;

export function namedGuardrails<V>(
  guardrails: readonly Guardrail<V>[] = [],
  stage: GuardrailStage,
): NamedGuardrail<V>[] {
  return guardrails.map((guardrail, at) => {
    const options = typeof guardrail === "function" ? { name: guardrail.name, check: guardrail } : guardrail;
    const { check, parallel = false, timeoutMs = defaultTimeoutMs } = options;
    const name = options.name || `${stage} guardrail ${at + 1}`;
    if (typeof check !== "function") {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `The guardrail "${name}" has no function to check with`,
      });
    }
    checkTimeout(timeoutMs, `the guardrail "${name}"`);
    return { name, check, parallel, timeoutMs };
  });
}

/**
 * The first guardrail, in their order, that a value does not pass; all look at it at the same time. Rejects with
 * HANDLER_FAILED where one throws, and DEADLINE_EXCEEDED where one hangs: what cannot be checked does not pass.
 */
export async function firstTrip<V>(
  guardrails: readonly NamedGuardrail<V>[],
  value: V,
  context: GuardrailContext,
): Promise<Trip | undefined> {
  const trips = await Promise.all(guardrails.map((guardrail) => tripOf(guardrail, value, context)));
  return trips.find((trip) => trip !== undefined);
}

async function tripOf<V>(
  { name, check, timeoutMs }: NamedGuardrail<V>,
  value: V,
  context: GuardrailContext,
): Promise<Trip | undefined> {
  const what = `The guardrail "${name}"`;
  const { signal } = context;
  try {
    const verdict = await withDeadline((own) => check(value, { ...context, signal: own }), {
      signal,
      timeoutMs,
      what,
    });
    const message = reasonOf(verdict, name);
    return message === undefined ? undefined : { guardrail: name, message: bounded(message, mostCharacters) };
  } catch (error) {
    if (signal.aborted || isAikoError(error, "DEADLINE_EXCEEDED")) throw error;
    throw new AikoError("HANDLER_FAILED", {
      message: `${what} failed: ${bounded(messageOf(error), mostCharacters)}`,
      hint: "What it was to check did not pass.",
      cause: error,
    });
  }
}

function reasonOf(verdict: GuardrailVerdict, name: string): string | undefined {
  if (verdict === true || verdict === undefined) return undefined;
  if (verdict === false) return `did not pass "${name}"`;
  if (typeof verdict === "string") return verdict;
  if (verdict.ok) return undefined;
  return verdict.message ?? `did not pass "${verdict.rule ?? name}"`;
}
