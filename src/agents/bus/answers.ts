import { AikoError } from "../../errors.ts";
import { listen, unlisten } from "../../runtime/batcher/abort-listener.ts";
import type { Envelope } from "./transport.ts";

export interface AnswerOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const longestTimer = 2 ** 31 - 1;
const prefix = "reply.";

/** One request that waits for its answer. */
class Question {
  readonly topic: string;
  readonly promise: Promise<Envelope>;
  readonly fail: (error: AikoError) => void;
  readonly answer: (envelope: Envelope) => void;
  readonly abort: () => void;

  constructor(topic: string, asked: Envelope, { timeoutMs, signal }: AnswerOptions, ended: () => void) {
    this.topic = topic;
    let resolve: (envelope: Envelope) => void = () => {};
    let reject: (error: AikoError) => void = () => {};
    this.promise = new Promise((accept, refuse) => {
      resolve = accept;
      reject = refuse;
    });
    const timer = Number.isFinite(timeoutMs)
      ? setTimeout(() => this.fail(tooLate(asked, timeoutMs)), Math.min(timeoutMs, longestTimer))
      : undefined;
    const end = () => {
      ended();
      clearTimeout(timer);
      if (signal !== undefined) unlisten(signal, this);
    };
    this.answer = (envelope) => {
      end();
      resolve(envelope);
    };
    this.fail = (error) => {
      end();
      reject(error);
    };
    this.abort = () => this.fail(aborted(asked, signal));
    if (signal !== undefined) listen(signal, this);
  }
}

/** The requests of a transport that wait for an answer, each on a topic of its own. */
export class Answers {
  readonly #questions = new Map<string, Question>();
  #count = 0;

  /** Throws ABORTED. */
  expect(envelope: Envelope, options: AnswerOptions): Question {
    if (options.signal?.aborted) throw aborted(envelope, options.signal);
    const topic = `${prefix}${++this.#count}`;
    const question = new Question(topic, envelope, options, () => this.#questions.delete(topic));
    this.#questions.set(topic, question);
    return question;
  }

  /** Whether the envelope is an answer that somebody waits for. */
  take(envelope: Envelope): boolean {
    if (this.#questions.size === 0) return false;
    const question = this.#questions.get(envelope.topic);
    question?.answer(envelope);
    return question !== undefined;
  }

  /** Ends all that wait. */
  fail(error: AikoError): void {
    for (const question of [...this.#questions.values()]) question.fail(error);
  }
}

function aborted({ topic }: Envelope, signal: AbortSignal | undefined): AikoError {
  return new AikoError("ABORTED", { message: `The request to ${topic} was aborted`, cause: signal?.reason });
}

function tooLate({ topic }: Envelope, timeoutMs: number): AikoError {
  return new AikoError("DEADLINE_EXCEEDED", {
    message: `${topic} did not answer within ${timeoutMs} ms`,
    hint: "Give it a longer timeoutMs, or look whether its handler waits for somebody.",
  });
}
