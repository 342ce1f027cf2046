import { AikoError } from "../../errors.ts";
import { abortError } from "../../runtime/abort.ts";
import type { OperationReport, RunOptions, Runtime } from "../../runtime/index.ts";
import { type Batch, batchOf } from "./batch.ts";
import { askedInOrder, askRule, type LateRule } from "./late.ts";
import { type Field, type Message, shown, textOf } from "./message.ts";
import { type ValidateOutput, validateOperation } from "./operation.ts";
import { compileProgram, type FastRule, type Program } from "./program.ts";
import { type Repair, type Repaired, type RepairOptions, repaired } from "./repair.ts";
import { inTurns } from "./turns.ts";
import { passed, Verdict } from "./verdict.ts";

export type Rule = FastRule | LateRule;

export interface ValidatorOptions {
  /** For guardrails and reports. Default "validator". */
  readonly name?: string | undefined;
  /** Where messages that are objects have their text. Default "text". */
  readonly text?: Field | undefined;
}

/** A verdict for each message, in order. */
export type Verdicts = readonly Verdict[] & {
  /** Of the rules that devices can do. Present when `report` was asked for or the channel has subscribers. */
  readonly report: OperationReport | undefined;
};

/** Messages that were read and encoded once, for validators to look at again; devices keep what they got of them. */
export class PreparedMessages implements Disposable {
  readonly messages: readonly Message[];
  readonly #batch: Batch;
  readonly #owner: Validator;
  #disposed = false;

  /** @internal Use `validator.prepare`. */
  constructor(owner: Validator, messages: readonly Message[], batch: Batch) {
    this.#owner = owner;
    this.messages = messages;
    this.#batch = batch;
  }

  /** @internal */
  batchFor(owner: Validator): Batch {
    if (this.#disposed) {
      throw new AikoError("DISPOSED", {
        message: `${this.messages.length} prepared messages are disposed`,
        hint: "Dispose them after their last use.",
      });
    }
    if (owner === this.#owner) return this.#batch;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${this.messages.length} messages were prepared by another validator`,
      hint: "Prepare them with the validator that looks at them.",
    });
  }

  /** After the last call with them has settled. Safe to call twice. */
  dispose(): void {
    this.#disposed = true;
    this.#batch.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * A chain of rules over messages. A message has passed when it passed every rule; else its verdict names the first it failed. Rules
 * that devices can do run in their order, then functions and models, each on what is left. Safe to use concurrently.
 */
export class Validator implements Disposable {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly #runtime: Runtime;
  readonly #text: Field;
  readonly #fast: readonly { readonly rule: FastRule; readonly index: number }[];
  readonly #late: readonly { readonly rule: LateRule; readonly index: number }[];
  #program: Promise<Program> | undefined;
  #disposed = false;

  /** Throws INVALID_ARGUMENT. */
  constructor(
    runtime: Runtime,
    rules: readonly Rule[],
    { name = "validator", text = "text" }: ValidatorOptions = {},
  ) {
    this.#runtime = runtime;
    this.name = name;
    this.rules = rules;
    this.#text = text;
    const wrong = rules.findIndex((rule) => typeof rule !== "object" || rule === null || !("kind" in rule));
    if (wrong >= 0) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Rule ${wrong} of ${name} is none: ${shown(rules[wrong])}`,
        hint: "Make rules with maxLength(), matches(), js() and their like.",
      });
    }
    const all = rules.map((rule, index) => ({ rule, index }));
    this.#fast = all.flatMap(({ rule, index }) => (rule.kind === "late" ? [] : [{ rule, index }]));
    const late = all.flatMap(({ rule, index }) => (rule.kind === "late" ? [{ rule, index }] : []));
    this.#late = askedInOrder.flatMap((asks) => late.filter(({ rule }) => rule.asks === asks));
  }

  /** Compiles the rules now, not at the first call. Resolves with why devices cannot do some, where they cannot. */
  async compile(): Promise<string | undefined> {
    return (await this.#compiled()).lacking;
  }

  /**
   * A verdict for each message, in order. What a rule cannot be asked about has failed it. Rejects with INVALID_ARGUMENT, ABORTED,
   * DISPOSED, and with whatever `runtime.run` rejects with.
   */
  async validate(
    messages: readonly Message[] | PreparedMessages,
    options: RunOptions = {},
  ): Promise<Verdicts> {
    const program = await this.#compiled();
    if (options.signal?.aborted) throw abortError(options.signal, this.name);
    if (messages instanceof PreparedMessages) {
      return this.#verdicts(messages.messages, program, messages.batchFor(this), options);
    }
    using batch = await batchOf(program, messages, this.#text);
    return await this.#verdicts(messages, program, batch, options);
  }

  /** One message. Calls that come at the same time are one execution. */
  async check(message: Message, options: RunOptions = {}): Promise<Verdict> {
    const [verdict] = await this.validate([message], options);
    return verdict ?? passed;
  }

  /** Reads messages once for several calls. Do not change them meanwhile. */
  async prepare(messages: readonly Message[]): Promise<PreparedMessages> {
    return new PreparedMessages(this, messages, await batchOf(await this.#compiled(), messages, this.#text));
  }

  /**
   * Validates, has what failed repaired by a function that is told why, and validates that again, until it passes or the
   * attempts are used up.
   */
  repair<M extends Message>(
    messages: readonly M[],
    repair: Repair<M>,
    options: RepairOptions = {},
  ): Promise<readonly Repaired<M>[]> {
    return repaired((given, run) => this.validate(given, run), messages, repair, options);
  }

  /** For teams of agents: what fails trips it. */
  guardrail(): {
    readonly name: string;
    readonly check: (
      value: Message,
      context?: { readonly signal?: AbortSignal | undefined },
    ) => Promise<Verdict>;
  } {
    return { name: this.name, check: (value, context) => this.check(value, { signal: context?.signal }) };
  }

  /** Frees what devices hold of the rules. Safe to call twice. */
  dispose(): void {
    this.#disposed = true;
    void this.#program?.then(
      (program) => program.dispose(),
      () => undefined,
    );
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #compiled(): Promise<Program> {
    if (this.#disposed) {
      return Promise.reject(
        new AikoError("DISPOSED", {
          message: `${this.name} is disposed`,
          hint: "Dispose a validator after its last use.",
        }),
      );
    }
    this.#program ??= compileProgram(this.#fast.map(({ rule }) => rule)).catch((error: unknown) => {
      this.#program = undefined;
      throw error;
    });
    return this.#program;
  }

  async #verdicts(
    messages: readonly Message[],
    program: Program,
    batch: Batch,
    options: RunOptions,
  ): Promise<Verdicts> {
    const verdicts: Verdict[] = [];
    await inTurns(messages.length, (at) => {
      verdicts.push(this.#unreadable(messages[at], program) ?? passed);
    });
    let report: OperationReport | undefined;
    if (program.stages.length > 0 && messages.length > 0) {
      const { value, report: told } = await this.#runtime.run(validateOperation, { program, batch }, options);
      await this.#read(value, program, messages, verdicts);
      report = told;
    }
    for (const { rule, index } of this.#late) {
      const left = [...verdicts.keys()].filter((at) => verdicts[at]?.ok);
      if (left.length === 0) break;
      const asked = left.map((at) => {
        const message = messages[at] as Message;
        return { message, text: textOf(message, this.#text) };
      });
      const results = await askRule(rule, asked, options.signal);
      for (const [k, at] of left.entries()) {
        const { ok, score, message, error } = results[k] ?? { ok: false };
        if (ok) continue;
        const explain = () => message ?? `did not pass ${rule.name}`;
        verdicts[at] = new Verdict({ rule: rule.name, index, score: score ?? NaN, error }, explain, "");
      }
    }
    return Object.assign(verdicts, { report });
  }

  async #read(
    { codes, scores }: ValidateOutput,
    program: Program,
    messages: readonly Message[],
    verdicts: Verdict[],
  ): Promise<void> {
    const explains = this.#fast.map(
      ({ rule }) =>
        (message: Message, score: number) =>
          rule.explain(message, score, this.#text),
    );
    await inTurns(codes.length, (row) => {
      const code = codes[row];
      if (code === undefined || code === 0 || !verdicts[row]?.ok) return;
      const at = program.rules[code - 1] ?? 0;
      const [found, explain] = [this.#fast[at], explains[at]];
      if (found === undefined || explain === undefined) return;
      const { rule, index } = found;
      const scored = rule.kind === "near" || rule.kind === "classify";
      const given = { rule: rule.name, index, score: scored ? (scores?.[row] ?? NaN) : NaN };
      verdicts[row] = new Verdict(given, explain, messages[row] as Message);
    });
  }

  /** A verdict on what is no message at all, or has no text for the rules that need one. */
  #unreadable(message: unknown, { hasTexts }: Program): Verdict | undefined {
    const isMessage = typeof message === "string" || (typeof message === "object" && message !== null);
    const hasText = !hasTexts || textOf(message, this.#text) !== undefined;
    if (isMessage && hasText) return undefined;
    const why = isMessage ? "has no text" : `is ${message === null ? "null" : typeof message}, not a message`;
    return new Verdict({ rule: "message" }, () => why, "");
  }
}
