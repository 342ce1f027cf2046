import type { AikoError } from "../../errors.ts";
import type { Message } from "./message.ts";

/** What a rule says of a message that failed it. */
type Explain = (message: Message, score: number) => string;

/** Whether a message passed, and which rule it failed first. */
export class Verdict {
  readonly ok: boolean;
  /** Name of the first rule that failed; "message" where there is nothing to validate. Undefined where all passed. */
  readonly rule: string | undefined;
  /** Position of that rule in the chain; -1 where there is none. */
  readonly index: number;
  /** What the rule measured: a distance, a probability, a length; NaN for rules that measure nothing. */
  readonly score: number;
  /** Why a rule could not be asked: DEADLINE_EXCEEDED, HANDLER_FAILED, INVALID_OUTPUT or what a provider says. */
  readonly error: AikoError | undefined;
  readonly #explain: Explain;
  readonly #message: Message;

  constructor(
    given: { rule?: string; index?: number; score?: number; error?: AikoError | undefined },
    explain: Explain,
    message: Message,
  ) {
    this.ok = given.rule === undefined;
    this.rule = given.rule;
    this.index = given.index ?? -1;
    this.score = given.score ?? NaN;
    this.error = given.error;
    this.#explain = explain;
    this.#message = message;
  }

  /** For people and for models that try again; empty where all passed. Made when it is read. */
  get message(): string {
    return this.#explain(this.#message, this.score);
  }

  toJSON(): { ok: boolean; rule?: string | undefined; index: number; score: number; message: string } {
    const { ok, rule, index, score, message } = this;
    return { ok, rule, index, score, message };
  }
}

export const passed: Verdict = new Verdict({}, () => "", "");
