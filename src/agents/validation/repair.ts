import { AikoError } from "../../errors.ts";
import { askAll } from "./late.ts";
import type { Message } from "./message.ts";
import { checkCount } from "./rules.ts";
import type { Verdict } from "./verdict.ts";

export interface RepairContext {
  /** From 1 on. */
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** A message that might pass, instead of one that failed; undefined gives up. */
export type Repair<M extends Message> = (
  message: M,
  verdict: Verdict,
  context: RepairContext,
) => M | undefined | Promise<M | undefined>;

export interface RepairOptions {
  /** How often one message is repaired at most. Default 3. */
  readonly attempts?: number | undefined;
  /** Repairs under way at once. Default 8. */
  readonly concurrency?: number | undefined;
  /** Of one repair. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Repaired<M extends Message> {
  /** The last one that was validated. */
  readonly message: M;
  readonly verdict: Verdict;
  /** Repairs that were made of it. */
  readonly attempts: number;
  /** Why the last repair failed, where one did. */
  readonly error: AikoError | undefined;
}

type Validate = (
  messages: readonly Message[],
  options: { readonly signal?: AbortSignal | undefined },
) => Promise<readonly Verdict[]>;

export async function repaired<M extends Message>(
  validate: Validate,
  messages: readonly M[],
  repair: Repair<M>,
  { attempts = 3, concurrency = 8, timeoutMs = 60_000, signal }: RepairOptions,
): Promise<readonly Repaired<M>[]> {
  checkCount(attempts, "attempts");
  if (!Number.isInteger(concurrency) || concurrency < 1 || !(timeoutMs > 0)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A repair has the concurrency ${concurrency} and timeoutMs ${timeoutMs}`,
      hint: "Pass at least 1, and milliseconds.",
    });
  }
  const first = await validate(messages, { signal });
  const state = messages.map((message, at): Repaired<M> => {
    return { message, verdict: first[at] as Verdict, attempts: 0, error: undefined };
  });
  let open = [...state.keys()].filter((at) => state[at]?.verdict.ok === false);
  for (let attempt = 1; attempt <= attempts && open.length > 0; attempt++) {
    const made = new Map<number, M>();
    const task = {
      name: "repair",
      concurrency,
      timeoutMs,
      check: async (at: number, context: { readonly signal: AbortSignal }) => {
        const before = state[at] as Repaired<M>;
        const next = await repair(before.message, before.verdict, { attempt, signal: context.signal });
        if (next !== undefined) made.set(at, next);
        return { ok: true };
      },
    };
    const results = await askAll(task, open, signal);
    for (const [k, at] of open.entries()) {
      const error = results[k]?.error;
      if (error !== undefined) {
        made.delete(at);
        state[at] = { ...(state[at] as Repaired<M>), error };
      }
    }
    open = open.filter((at) => made.has(at));
    const verdicts = await validate(
      open.map((at) => made.get(at) as M),
      { signal },
    );
    for (const [k, at] of open.entries()) {
      const [message, verdict] = [made.get(at) as M, verdicts[k] as Verdict];
      state[at] = { message, verdict, attempts: attempt, error: undefined };
    }
    open = open.filter((_, k) => verdicts[k]?.ok === false);
  }
  return state;
}
