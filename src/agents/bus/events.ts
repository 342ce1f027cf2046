import { channel } from "node:diagnostics_channel";
import type { AikoError } from "../../errors.ts";
import type { Envelope } from "./transport.ts";

/** What happens on a bus, as published on the channel `aikoryu:bus`. */
export interface BusEvent {
  readonly event:
    | "joined"
    | "left"
    | "published"
    | "handled"
    | "failed"
    | "retried"
    | "dead"
    | "dropped"
    | "cancelled";
  /** The bus, unique among all machines. */
  readonly bus: string;
  /** Whom it happens to; of "published", who does it. */
  readonly agent?: string | undefined;
  readonly envelope?: Envelope | undefined;
  readonly error?: AikoError | undefined;
  /** How long the handler took. */
  readonly ms?: number | undefined;
}

export const busChannel = channel("aikoryu:bus");
