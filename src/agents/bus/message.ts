import type { ZodType, z } from "zod";
import { AikoError } from "../../errors.ts";
import { assertTopic, isPattern, matches } from "./topic.ts";

/** A kind of message: its name, which is also the topic it is published on, and what its body is. */
export interface Message<
  Name extends string = string,
  Body extends ZodType = ZodType,
  Reply extends ZodType = ZodType,
> {
  readonly name: Name;
  readonly body: Body;
  /** What a request gets for an answer. */
  readonly reply: Reply | undefined;
}

/** Throws INVALID_ARGUMENT for a name that is no topic. */
export function defineMessage<const Name extends string, Body extends ZodType, Reply extends ZodType>(
  name: Name,
  body: Body,
  reply?: Reply,
): Message<Name, Body, Reply> {
  assertTopic(name);
  return { name, body, reply };
}

/** What is sent: a message, or the name of one whose body nobody has described. */
export type Sendable = Message | string;
export type BodyOf<M> = M extends Message<string, infer Body> ? z.input<Body> : unknown;
/** What arrives: the body as the schema makes it. */
export type ArrivedOf<M> = M extends Message<string, infer Body> ? z.output<Body> : unknown;
export type ReplyOf<M> = M extends Message<string, ZodType, infer Reply> ? z.output<Reply> : unknown;

/** What an agent takes: messages, or schemas by topic, where a topic may be a pattern. */
export type Accepts = readonly Message[] | Readonly<Record<string, ZodType>>;

/** A message that arrived, its body checked. */
export interface Received<Type extends string = string, Body = unknown> {
  /** The name or pattern under which the agent accepts it. */
  readonly type: Type;
  readonly body: Body;
  readonly topic: string;
  readonly id: string;
  /** The agent that sent it. */
  readonly from: string | undefined;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  readonly headers: Readonly<Record<string, string>>;
  /** 1, and one more each time it is tried again. */
  readonly attempt: number;
}

type ReceivedMessage<M> = M extends Message<infer Name, infer Body> ? Received<Name, z.output<Body>> : never;

export type ReceivedOf<A> = A extends readonly Message[]
  ? ReceivedMessage<A[number]>
  : { [Key in keyof A & string]: A[Key] extends ZodType ? Received<Key, z.output<A[Key]>> : never }[keyof A &
      string];

export interface Accepted {
  readonly type: string;
  readonly body: ZodType;
  readonly reply: ZodType | undefined;
}

export function acceptedOf(accepts: Accepts): readonly Accepted[] {
  if (isMessages(accepts)) return accepts.map(({ name, body, reply }) => ({ type: name, body, reply }));
  return Object.entries(accepts).map(([type, body]) => ({ type, body, reply: undefined }));
}

/** What accepts a message of this name: itself before a pattern. */
export function findAccepted(accepted: readonly Accepted[], name: string): Accepted | undefined {
  for (const one of accepted) {
    if (one.type === name) return one;
  }
  return accepted.find(({ type }) => isPattern(type) && matches(type, name));
}

export function nameOf(message: Sendable): string {
  return typeof message === "string" ? message : message.name;
}

/** The body as the schema makes it; at once where the schema allows. Throws or rejects with INVALID_VALUE. */
export function checkBody(schema: ZodType, body: unknown, what: string): unknown {
  let result: z.ZodSafeParseResult<unknown>;
  try {
    result = schema.safeParse(body);
  } catch (error) {
    if (!isAsyncSchema(error)) throw error;
    return schema.safeParseAsync(body).then((later) => dataOf(later, what));
  }
  return dataOf(result, what);
}

function dataOf(result: z.ZodSafeParseResult<unknown>, what: string): unknown {
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const at = first === undefined || first.path.length === 0 ? "" : ` at ${first.path.join(".")}`;
  throw new AikoError("INVALID_VALUE", {
    message: `${what} is not what its schema says${at}: ${first?.message ?? "no reason given"}`,
    cause: result.error,
  });
}

function isAsyncSchema(error: unknown): boolean {
  return error instanceof Error && error.constructor.name === "$ZodAsyncError";
}

function isMessages(accepts: Accepts): accepts is readonly Message[] {
  return Array.isArray(accepts);
}
