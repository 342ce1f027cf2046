export type { Agent, LeaveOptions } from "./agent.ts";
export { Bus, type BusOptions } from "./bus.ts";
export { deadLetter, deadLetters, deadReason, isDeadTopic } from "./dead-letter.ts";
export { Emitter } from "./emitter.ts";
export { type BusEvent, busChannel } from "./events.ts";
export { LocalTransport, type LocalTransportOptions } from "./local/transport.ts";
export {
  type Accepts,
  type ArrivedOf,
  type BodyOf,
  defineMessage,
  type Message,
  type Received,
  type ReceivedOf,
  type ReplyOf,
  type Sendable,
} from "./message.ts";
export type { MessageContext } from "./message-context.ts";
export type { AgentOptions, MailboxOptions } from "./options.ts";
export type { RequestOptions, SendOptions } from "./post.ts";
export type { AgentInfo } from "./presence.ts";
export type { AgentStatistics, BusStatistics } from "./statistics.ts";
export { assertPattern, assertTopic, isPattern, matches } from "./topic.ts";
export type {
  Delivery,
  Envelope,
  SharedContext,
  SubscribeOptions,
  Subscription,
  Transport,
} from "./transport.ts";
