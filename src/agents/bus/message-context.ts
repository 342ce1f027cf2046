import type { Letter } from "./letter.ts";
import type { Origin, Post } from "./post.ts";
import { Sender } from "./sender.ts";

/**
 * What a handler is given besides the message. What it sends here is in the agent's name, below the message's span, and is
 * aborted with it.
 */
export class MessageContext extends Sender {
  readonly agent: string;
  readonly #letter: Letter;

  constructor(post: Post, agent: string, letter: Letter) {
    super(post);
    this.agent = agent;
    this.#letter = letter;
  }

  /** Fires when the requester gives up, when the message takes longer than it may, and when the agent leaves. */
  get signal(): AbortSignal {
    return this.#letter.signal;
  }

  protected override get origin(): Origin {
    const { context, delivery } = this.#letter;
    return { from: this.agent, signal: this.signal, envelope: delivery.envelope, context };
  }
}
