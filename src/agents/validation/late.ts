import { AikoError, isAikoError, toAikoError } from "../../errors.ts";
import { abortError } from "../../runtime/abort.ts";
import type { Message, MessageText } from "./message.ts";

export interface LateContext {
  /** Of the chain's caller, and of this rule's time limit. */
  readonly signal: AbortSignal;
}

/** What a rule says of one message. */
export interface LateVerdict {
  readonly ok: boolean;
  readonly score?: number | undefined;
  readonly message?: string | undefined;
}

/** One message for a rule that is asked after all that devices can do. */
export interface LateMessage {
  readonly message: Message;
  readonly text: MessageText | undefined;
}

export const askedInOrder = ["network", "function", "model"] as const;

/** Something to do for each of many, some at once. */
export interface Task<M> {
  readonly name: string;
  /** Calls under way at once. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  check(message: M, context: LateContext): Promise<LateVerdict>;
}

/** A rule that needs JavaScript of the user, or a model. */
export interface LateRule extends Task<LateMessage> {
  readonly kind: "late";
  /** Neural networks are asked first, then functions, then language models. */
  readonly asks: (typeof askedInOrder)[number];
  /** All messages at once, instead of `check`; a verdict for each. */
  checkAll?(messages: readonly LateMessage[], context: LateContext): Promise<readonly LateVerdict[]>;
}

export interface LateResult extends LateVerdict {
  readonly error?: AikoError | undefined;
}

/** The same for a rule that may look at all messages at once. */
export async function askRule(
  rule: LateRule,
  messages: readonly LateMessage[],
  signal: AbortSignal | undefined,
): Promise<readonly LateResult[]> {
  const { name, timeoutMs, checkAll } = rule;
  if (checkAll === undefined) return askAll(rule, messages, signal);
  let verdicts: readonly LateVerdict[] = [];
  const whole: Task<undefined> = {
    name,
    timeoutMs,
    concurrency: 1,
    check: async (_, context) => {
      verdicts = await checkAll(messages, context);
      return { ok: true };
    },
  };
  const [result = { ok: false }] = await askAll(whole, [undefined], signal);
  return result.ok ? verdicts : messages.map(() => result);
}

/**
 * Asks a rule about messages, so many at once. A message that it cannot be asked about has failed it, with the error:
 * HANDLER_FAILED, DEADLINE_EXCEEDED, or what the rule throws. Rejects with ABORTED only.
 */
export async function askAll<M>(
  rule: Task<M>,
  messages: readonly M[],
  signal: AbortSignal | undefined,
): Promise<readonly LateResult[]> {
  const results: LateResult[] = [];
  let next = 0;
  const one = async () => {
    for (let at = next++; at < messages.length; at = next++) {
      results[at] = await ask(rule, messages[at] as M, signal);
    }
  };
  await Promise.all(Array.from({ length: Math.min(rule.concurrency, messages.length) }, one));
  return results;
}

async function ask<M>(rule: Task<M>, message: M, signal: AbortSignal | undefined): Promise<LateResult> {
  if (signal?.aborted) throw abortError(signal, rule.name);
  const own = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    const ended = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new AikoError("DEADLINE_EXCEEDED", {
          message: `${rule.name} did not answer within ${rule.timeoutMs} ms`,
          hint: "Raise its timeoutMs, or make it answer sooner.",
        });
        reject(error);
        own.abort(error);
      }, rule.timeoutMs);
      onAbort = () => {
        if (signal !== undefined) reject(abortError(signal, rule.name));
        own.abort(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
    return await Promise.race([checked(rule, message, own.signal), ended]);
  } catch (thrown) {
    if (signal?.aborted) throw abortError(signal, rule.name);
    const error = isAikoError(thrown) ? thrown : toAikoError(thrown, "HANDLER_FAILED");
    return { ok: false, message: error.message, error };
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
  }
}

async function checked<M>(rule: Task<M>, message: M, signal: AbortSignal): Promise<LateVerdict> {
  return rule.check(message, { signal });
}

/** Throws INVALID_ARGUMENT. */
export function lateLimits(
  name: string,
  { concurrency, timeoutMs }: { readonly concurrency: number; readonly timeoutMs: number },
): { readonly concurrency: number; readonly timeoutMs: number } {
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${name} has the concurrency ${concurrency}`,
      hint: "Pass a whole number from 1 on.",
    });
  }
  if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${name} has the timeoutMs ${timeoutMs}`,
      hint: "Pass milliseconds, more than 0 and less than 2^31.",
    });
  }
  return { concurrency, timeoutMs };
}
