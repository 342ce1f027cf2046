import { AikoError } from "../../errors.ts";
import { type LateContext, type LateRule, type LateVerdict, lateLimits } from "./late.ts";
import type { Message } from "./message.ts";

/** A text is a reason why not; nothing and `true` are passes. */
export type JsAnswer = boolean | string | undefined | LateVerdict;

export type JsCheck<M extends Message = Message> = (
  message: M,
  context: LateContext,
) => JsAnswer | Promise<JsAnswer>;

export interface JsOptions {
  /** Default: the function's own name, else "js". */
  readonly name?: string | undefined;
  /** Default 64. */
  readonly concurrency?: number | undefined;
  /** Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** A function of the user. It sees only what has passed all rules that devices can do, whatever its place in the chain. */
export function js<M extends Message = Message>(check: JsCheck<M>, options: JsOptions = {}): LateRule {
  if (typeof check !== "function") {
    throw new AikoError("INVALID_ARGUMENT", { message: "A rule js() has no function to check with" });
  }
  const name = options.name ?? (check.name || "js");
  return {
    kind: "late",
    asks: "function",
    name,
    ...lateLimits(name, { concurrency: options.concurrency ?? 64, timeoutMs: options.timeoutMs ?? 30_000 }),
    check: async ({ message }, context) => {
      const answer = await check(message as M, context);
      if (answer === undefined || answer === true) return { ok: true };
      if (answer === false) return { ok: false };
      if (typeof answer === "string") return { ok: false, message: answer };
      if (typeof answer === "object" && answer !== null && typeof answer.ok === "boolean") return answer;
      throw new AikoError("HANDLER_FAILED", {
        message: `${name} answered with something that is no verdict`,
        hint: "Return true, false, a reason, or { ok, score, message }.",
      });
    },
  };
}
