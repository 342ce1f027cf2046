import type { ConsumerConfig } from "@nats-io/jetstream";
import type { SubscribeOptions } from "../../agents/index.ts";
import { AikoError } from "../../errors.ts";
import { natsError } from "./errors.ts";
import type { Link } from "./link.ts";
import { consumerName } from "./names.ts";

const msToNs = 1_000_000;
const forgottenAfterMs = 60_000;

/** What is asked of the server, and again where it has forgotten. */
export interface ConsumerOrder {
  readonly name: string;
  readonly pattern: string;
  readonly config: Partial<ConsumerConfig>;
}

/** A consumer that workers of one name share; where nobody named it, one of its own that the server soon forgets. */
export async function ensureConsumer(
  link: Link,
  pattern: string,
  options: SubscribeOptions,
): Promise<ConsumerOrder> {
  const { subjects } = link;
  const order = orderOf(link, pattern, options);
  const manager = await link.manager();
  const found = await manager.consumers.info(subjects.stream, order.name).catch(() => undefined);
  if (found === undefined) {
    await addConsumer(link, order, 0);
    return order;
  }
  if (found.config.filter_subject === subjects.of(pattern)) return order;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${order.name} already listens to ${subjects.topicOf(String(found.config.filter_subject))}, not to ${pattern}`,
    hint: "One name stands for one pattern: choose another durable name.",
  });
}

/** Begins after `last`, the place of an envelope in the stream, where there is one. */
export async function addConsumer(link: Link, { pattern, name, config }: ConsumerOrder, last: number) {
  const { DeliverPolicy } = link.library.jetstream;
  const { opt_start_time: _, ...rest } = config;
  const wanted =
    last === 0 ? config : { ...rest, deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: last + 1 };
  try {
    const manager = await link.manager();
    await manager.consumers.add(link.subjects.stream, wanted);
  } catch (error) {
    throw natsError(error, `Cannot listen to ${pattern} as ${name}`);
  }
}

function orderOf(
  { library, settings, subjects }: Link,
  pattern: string,
  { group, durable, since }: SubscribeOptions,
): ConsumerOrder {
  const { AckPolicy, DeliverPolicy } = library.jetstream;
  const shared = consumerName(pattern, group, durable);
  const name = shared ?? `once_${globalThis.crypto.randomUUID()}`;
  const wantsAll = since === "beginning" || (group !== undefined && durable === undefined);
  const start: Partial<ConsumerConfig> =
    since instanceof Date
      ? { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() }
      : { deliver_policy: wantsAll ? DeliverPolicy.All : DeliverPolicy.New };
  const lives =
    shared === undefined ? { name, inactive_threshold: forgottenAfterMs * msToNs } : { durable_name: name };
  const config: Partial<ConsumerConfig> = {
    ack_policy: AckPolicy.Explicit,
    ack_wait: settings.redeliverAfterMs * msToNs,
    filter_subject: subjects.of(pattern),
    max_ack_pending: 20_000,
    ...start,
    ...lives,
  };
  return { name, pattern, config };
}
