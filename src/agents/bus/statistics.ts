export interface AgentStatistics {
  readonly name: string;
  /** Messages that arrived, each time they did. */
  readonly received: number;
  readonly handled: number;
  /** Attempts that failed: the handler threw, ran out of time, or the body was not what the schema says. */
  readonly failed: number;
  /** Of these, tried again. */
  readonly retried: number;
  /** Messages given up: they went to the dead letters. */
  readonly dead: number;
  /** Messages dropped from a full mailbox: they went to the dead letters. */
  readonly dropped: number;
  /** Requests whose requester gave up. */
  readonly cancelled: number;
  /** Messages in the mailbox now. */
  readonly waiting: number;
  /** Handlers running now. */
  readonly running: number;
}

export interface BusStatistics {
  /** "local", "nats" */
  readonly transport: string;
  /** Messages given to the transport: published, sent, asked, answered. */
  readonly published: number;
  /** Of these, refused by it. */
  readonly refused: number;
  /** Published to topics that nobody listened to, where the transport knows. */
  readonly unheard: number;
  /** These four of all agents, also of those that have left. */
  readonly received: number;
  readonly handled: number;
  readonly failed: number;
  readonly dead: number;
  /** Of the agents that are there. */
  readonly agents: readonly AgentStatistics[];
}

/** What a bus sums up over its agents, those that have left included. */
export const totals = ["received", "handled", "failed", "dead"] as const;
export type AgentTotals = Record<(typeof totals)[number], number>;

export class AgentCounters {
  received = 0;
  handled = 0;
  failed = 0;
  retried = 0;
  dead = 0;
  dropped = 0;
  cancelled = 0;
}
