import { assertPattern } from "../../agents/bus/topic.ts";
import { AikoError } from "../../errors.ts";

export interface NatsOptions {
  /** "nats://host:port", or several of one cluster. Default: the variable NATS_URL, else nats://127.0.0.1:4222. */
  readonly servers?: string | readonly string[] | undefined;
  /** Members of one namespace hear each other. Letters, digits, "-" and "_". Default "aikoryu". */
  readonly namespace?: string | undefined;
  /** What this member is called in the server's own lists. */
  readonly name?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /**
   * Patterns of topics that the server keeps in a stream, so that nothing is lost while nobody listens: work queues and
   * inboxes. What any member names is kept for all, from then on. A group on such a topic begins with what was there before
   * its first worker came. Default: none.
   */
  readonly stored?: readonly string[] | undefined;
  /** Where a new stream lies. Default "file", which survives a restart of the server. */
  readonly storage?: "file" | "memory" | undefined;
  /** How long a new stream keeps an envelope, in milliseconds. Default: 7 days. */
  readonly maxAgeMs?: number | undefined;
  /** The most a new stream keeps; beyond it publishing is refused with QUEUE_FULL. Default 1 GiB. */
  readonly maxBytes?: number | undefined;
  /** Servers that hold a copy of a new stream. Default 1. */
  readonly replicas?: number | undefined;
  /** After how long without a sign of life a worker's deliveries go to another one. Default 30,000. */
  readonly redeliverAfterMs?: number | undefined;
  /** An envelope delivered this often without being acknowledged is poison. Default 10. */
  readonly maxDeliveries?: number | undefined;
  /** How long to try to reach the server at first, and to get an envelope stored. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

export interface NatsSettings {
  readonly servers: string[];
  readonly namespace: string;
  readonly stored: readonly string[];
  readonly storage: "file" | "memory";
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly replicas: number;
  readonly redeliverAfterMs: number;
  readonly maxDeliveries: number;
  readonly timeoutMs: number;
}

/** Fills in the defaults. Throws INVALID_ARGUMENT naming what is out of range. */
export function natsSettings(options: NatsOptions): NatsSettings {
  const { servers = process.env.NATS_URL || "nats://127.0.0.1:4222", namespace = "aikoryu" } = options;
  if (!/^[\w-]+$/.test(namespace)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The namespace is ${JSON.stringify(namespace)}, not letters, digits, "-" and "_"`,
    });
  }
  const stored = [...(options.stored ?? [])];
  for (const pattern of stored) assertPattern(pattern);
  return {
    servers: typeof servers === "string" ? servers.split(",").map((text) => text.trim()) : [...servers],
    namespace,
    stored,
    storage: options.storage ?? "file",
    maxAgeMs: count("maxAgeMs", options.maxAgeMs ?? 7 * 86_400_000, 1_000),
    maxBytes: count("maxBytes", options.maxBytes ?? 2 ** 30, 1_024),
    replicas: count("replicas", options.replicas ?? 1, 1, 5),
    redeliverAfterMs: count("redeliverAfterMs", options.redeliverAfterMs ?? 30_000, 100),
    maxDeliveries: count("maxDeliveries", options.maxDeliveries ?? 10, 1),
    timeoutMs: count("timeoutMs", options.timeoutMs ?? 10_000, 1),
  };
}

function count(name: string, value: number, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} is ${String(value)}, not a whole number of at least ${least}`,
  });
}
