import { nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import { attemptMs, insist } from "./insist.ts";
import type { Link } from "./link.ts";

/** The protocol's word for it: https://docs.nats.io/reference/reference-protocols/nats_api_reference */
const acknowledged = "+ACK";

/**
 * Acknowledgements of one turn, which share one round trip: a server takes what comes on a connection in order, so that its
 * answer to a ping says that it has them.
 */
export class Acknowledgements {
  readonly #link: Link;
  #flushing: Promise<void> | undefined;

  constructor(link: Link) {
    this.#link = link;
  }

  send(reply: string, what: string): Promise<void> {
    return insist(this.#link, `Cannot acknowledge ${what}`, () => {
      this.#link.connection.publish(reply, acknowledged);
      this.#flushing ??= nextTurn().then(() => this.#flush());
      return this.#flushing;
    });
  }

  async #flush(): Promise<void> {
    this.#flushing = undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const expire = () =>
        reject(new AikoError("DEADLINE_EXCEEDED", { message: "The server does not answer" }));
      timer = setTimeout(expire, attemptMs);
    });
    try {
      await Promise.race([this.#link.connection.flush(), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
