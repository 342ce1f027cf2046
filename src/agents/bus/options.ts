import { AikoError } from "../../errors.ts";
import type { Accepts, ReceivedOf } from "./message.ts";
import type { MessageContext } from "./message-context.ts";
import { assertPattern, assertWord } from "./topic.ts";
import type { SubscribeOptions } from "./transport.ts";

export interface MailboxOptions {
  /** The most messages of each topic that it holds, waiting and being handled. Default 1,024. */
  readonly capacity?: number | undefined;
  /**
   * What happens to one more: its sender waits ("wait", the default), gets QUEUE_FULL ("reject"), or the oldest message of
   * the sender with most messages goes to the dead letters ("drop-oldest").
   */
  readonly overflow?: "wait" | "reject" | "drop-oldest" | undefined;
}

export interface AgentOptions<A extends Accepts> {
  /** One word. Agents of one name on several machines share what is sent to it. */
  readonly name: string;
  /** Messages it takes, by definition, or schemas by topic or pattern. */
  readonly accepts: A;
  /** What it returns is the answer to a request. */
  readonly handler: (message: ReceivedOf<A>, context: MessageContext) => unknown;
  /** Messages handled at a time. Default 1. */
  readonly concurrency?: number | undefined;
  readonly mailbox?: MailboxOptions | undefined;
  /** The longest that one message may take; then its signal aborts and the next has its turn. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** How often a message is tried again after it failed. Default 0. */
  readonly retries?: number | undefined;
  /** Before the first retry; twice as long before each one after that, up to 30 s. Default 100. */
  readonly retryDelayMs?: number | undefined;
  /** Whether the transport stores what comes while it is away. Default false. */
  readonly durable?: boolean | undefined;
  /** Which messages that are stored it gets first. */
  readonly since?: "beginning" | Date | undefined;
}

export interface AgentSettings {
  readonly name: string;
  readonly concurrency: number;
  readonly capacity: number;
  readonly overflow: "wait" | "reject" | "drop-oldest";
  readonly timeoutMs: number;
  readonly retries: number;
  readonly retryDelayMs: number;
  readonly durable: boolean;
  readonly since: "beginning" | Date | undefined;
}

/** Throws INVALID_ARGUMENT. */
export function agentSettings<A extends Accepts>(options: AgentOptions<A>): AgentSettings {
  const { name, accepts, mailbox = {} } = options;
  assertWord("name of an agent", name);
  const types = Array.isArray(accepts) ? accepts.map((message) => message.name) : Object.keys(accepts);
  for (const type of types) assertPattern(type);
  if (typeof options.handler !== "function") throw invalid(name, "no handler", "a function");
  const concurrency = count(name, "concurrency", options.concurrency ?? 1, 1);
  const overflow = mailbox.overflow ?? "wait";
  if (!["wait", "reject", "drop-oldest"].includes(overflow)) {
    throw invalid(name, `mailbox.overflow ${JSON.stringify(overflow)}`, "wait, reject or drop-oldest");
  }
  const capacity = count(name, "mailbox.capacity", mailbox.capacity ?? Math.max(1_024, concurrency), 1);
  if (capacity < concurrency) {
    throw invalid(name, `mailbox.capacity ${capacity}`, `its concurrency, ${concurrency}, or more`);
  }
  return {
    name,
    concurrency,
    capacity,
    overflow,
    timeoutMs: duration(name, "timeoutMs", options.timeoutMs ?? 60_000),
    retries: count(name, "retries", options.retries ?? 0, 0),
    retryDelayMs: duration(name, "retryDelayMs", options.retryDelayMs ?? 100),
    durable: options.durable ?? false,
    since: options.since,
  };
}

/** How an agent subscribes to a pattern: agents of its name share it. */
export function subscribeOptions(settings: AgentSettings, pattern: string): SubscribeOptions {
  const { name, capacity, concurrency, overflow, durable, since } = settings;
  const drops = overflow === "drop-oldest";
  return {
    group: name,
    maxInFlight: drops ? capacity + concurrency + 1 : capacity,
    overflow: overflow === "reject" ? "reject" : "wait",
    durable: durable ? `${name}:${pattern}` : undefined,
    since,
  };
}

function count(name: string, what: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw invalid(name, `${what} ${value}`, `a whole number from ${least} on`);
}

const longestTimer = 2 ** 31 - 1;

function duration(name: string, what: string, value: number): number {
  if (value >= 0 && value <= longestTimer) return value;
  throw invalid(name, `${what} ${value}`, `milliseconds from 0 to ${longestTimer}`);
}

function invalid(name: string, what: string, expected: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `The agent ${name} has ${what}`,
    hint: `It takes ${expected}.`,
  });
}
