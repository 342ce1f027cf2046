import { AikoError, toAikoError } from "../../errors.ts";
import { type BusEvent, busChannel } from "./events.ts";
import type { Letter } from "./letter.ts";
import { type Accepted, checkBody, type Received } from "./message.ts";
import { MessageContext } from "./message-context.ts";
import type { AgentSettings } from "./options.ts";
import type { Post } from "./post.ts";
import { errorBody, errorHeader } from "./sender.ts";
import { AgentCounters } from "./statistics.ts";
import { textOf } from "./thrown.ts";
import { activeTracer, attributesOf, endSpan, runIn, startProcess } from "./trace.ts";

export type Handler = (message: Received, context: MessageContext) => unknown;

const longestRetryMs = 30_000;

/** What an agent does with one message: checks it, calls its handler, then answers, tries again or buries it. */
export class Handling {
  readonly counters = new AgentCounters();
  readonly #post: Post;
  readonly #settings: AgentSettings;
  readonly #handler: Handler;

  constructor(post: Post, settings: AgentSettings, handler: Handler) {
    this.#post = post;
    this.#settings = settings;
    this.#handler = handler;
  }

  /** Resolves when the agent is done with it, or it with the agent. Never rejects. */
  async handle(letter: Letter): Promise<void> {
    const start = busChannel.hasSubscribers ? performance.now() : undefined;
    const { envelope } = letter.delivery;
    const { name, timeoutMs } = this.#settings;
    const tracer = activeTracer();
    const span =
      tracer === undefined
        ? undefined
        : startProcess(tracer, attributesOf(this.#post.system, envelope, name), envelope);
    let error: AikoError | undefined;
    try {
      letter.context = span?.context;
      const work = () => this.#call(letter);
      const result = span === undefined ? work() : runIn(span.context, work);
      this.#succeed(letter, isPromise(result) ? await letter.hold(result, timeoutMs, name) : result);
      this.#tell("handled", letter, { ms: start === undefined ? undefined : performance.now() - start });
    } catch (thrown) {
      error = this.#explain(thrown);
      this.fail(letter, error);
    } finally {
      if (span !== undefined) endSpan(span.span, error);
    }
  }

  /** What becomes of a message that was not handled. */
  fail(letter: Letter, error: AikoError): void {
    const { delivery, ending, accepted } = letter;
    if (ending === "cancelled") {
      this.counters.cancelled++;
      this.#tell("cancelled", letter, { error });
      delivery.acknowledge().catch(ignore);
      return;
    }
    const { durable, retries, retryDelayMs } = this.#settings;
    if (ending === "left") {
      if (durable) delivery.reject().catch(ignore);
      else this.#bury(letter, error);
      return;
    }
    this.counters.failed++;
    this.#tell("failed", letter, { error });
    if (accepted === undefined || letter.isInvalid || delivery.redelivered >= retries) {
      this.#bury(letter, error);
      return;
    }
    this.counters.retried++;
    this.#tell("retried", letter, { error });
    const delayMs = Math.min(longestRetryMs, retryDelayMs * 2 ** delivery.redelivered);
    delivery.reject({ delayMs }).catch(ignore);
  }

  /** Newer messages take its place in the mailbox. */
  drop(letter: Letter): void {
    const { name } = this.#settings;
    const error = new AikoError("QUEUE_FULL", {
      message: `The mailbox of ${name} is full: newer messages took the place of this one`,
      hint: "Send less, or give the agent a larger mailbox or more concurrency.",
    });
    this.counters.dropped++;
    this.#tell("dropped", letter, { error });
    this.#discard(letter, error);
  }

  #bury(letter: Letter, error: AikoError): void {
    this.counters.dead++;
    this.#tell("dead", letter, { error });
    this.#discard(letter, error);
  }

  #discard(letter: Letter, error: AikoError): void {
    const { delivery } = letter;
    delivery.discard(`${this.#settings.name}: ${error.code}: ${error.message}`).catch(ignore);
    if (delivery.envelope.replyTo === undefined) return;
    this.#refuse(letter, error).catch(ignore);
  }

  /** The handler's result; a promise of it where the handler or a schema takes its time. */
  #call(letter: Letter): unknown {
    const { accepted, delivery } = letter;
    const { name } = this.#settings;
    const { topic, body, replyTo } = delivery.envelope;
    if (accepted === undefined) throw unknownTopic(name, topic);
    const { reply } = accepted;
    const give = (checked: unknown) => this.#give(letter, accepted, checked);
    const result = this.#check(letter, accepted, body, give);
    if (reply === undefined || replyTo === undefined) return result;
    const check = (value: unknown) => checkBody(reply, value, `The answer of ${name} to ${topic}`);
    return isPromise(result) ? result.then(check) : check(result);
  }

  #check(letter: Letter, accepted: Accepted, body: unknown, then: (checked: unknown) => unknown): unknown {
    const invalid = (error: unknown): never => {
      letter.isInvalid = true;
      throw error;
    };
    let checked: unknown;
    try {
      const what = `What came to ${this.#settings.name} on ${letter.delivery.envelope.topic}`;
      checked = checkBody(accepted.body, body, what);
    } catch (error) {
      return invalid(error);
    }
    return isPromise(checked) ? checked.then(then, invalid) : then(checked);
  }

  #give(letter: Letter, { type }: Accepted, body: unknown): unknown {
    const { envelope, redelivered } = letter.delivery;
    const { topic, id, from, sentAt, headers = {} } = envelope;
    const message = { type, body, topic, id, from, sentAt, headers, attempt: redelivered + 1 };
    return this.#handler(message, new MessageContext(this.#post, this.#settings.name, letter));
  }

  #succeed(letter: Letter, result: unknown): void {
    const { delivery } = letter;
    this.counters.handled++;
    if (delivery.envelope.replyTo === undefined) {
      delivery.acknowledge().catch(ignore);
      return;
    }
    this.#answer(letter, result, undefined)
      .catch((thrown) => this.#refuse(letter, toAikoError(thrown)))
      .catch(ignore)
      .then(() => delivery.acknowledge())
      .catch(ignore);
  }

  #refuse(letter: Letter, error: AikoError): Promise<void> {
    return this.#answer(letter, errorBody(error), { [errorHeader]: error.code });
  }

  #answer(letter: Letter, body: unknown, headers: Record<string, string> | undefined): Promise<void> {
    const { envelope } = letter.delivery;
    const origin = { from: this.#settings.name, envelope, context: letter.context };
    const answer = this.#post.envelope(envelope.replyTo ?? "", body, origin, headers);
    return this.#post.publish({ ...answer, inReplyTo: envelope.id }, origin, "answer");
  }

  #explain(thrown: unknown): AikoError {
    if (thrown instanceof AikoError) return thrown;
    return new AikoError("HANDLER_FAILED", {
      message: `The handler of ${this.#settings.name} failed: ${textOf(thrown)}`,
      cause: thrown,
    });
  }

  #tell(event: BusEvent["event"], letter: Letter, more: Pick<BusEvent, "error" | "ms">): void {
    if (!busChannel.hasSubscribers) return;
    const { envelope } = letter.delivery;
    busChannel.publish({ event, bus: this.#post.id, agent: this.#settings.name, envelope, ...more });
  }
}

/** What the transport cannot do now it does later: a message that is not acknowledged comes again. */
function ignore(): void {}

function unknownTopic(name: string, topic: string): AikoError {
  return new AikoError("INVALID_VALUE", {
    message: `${name} does not accept what came on ${topic}`,
    hint: "bus.agents() lists what each agent accepts.",
  });
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
