import type * as JetStream from "@nats-io/jetstream";
import type * as Kv from "@nats-io/kv";
import type * as Nats from "@nats-io/transport-node";
import { AikoError } from "../../errors.ts";

export interface NatsLibrary {
  readonly nats: typeof Nats;
  readonly jetstream: typeof JetStream;
  readonly kv: typeof Kv;
}

let loading: Promise<NatsLibrary> | undefined;

/** The optional packages of the NATS client, on first need. Rejects with ENGINE_MISSING. */
export function loadNats(): Promise<NatsLibrary> {
  loading ??= importAll().catch((cause) => {
    loading = undefined;
    throw new AikoError("ENGINE_MISSING", {
      message: "The optional packages of the NATS client are not installed",
      hint: "Install them: npm install @nats-io/transport-node @nats-io/jetstream @nats-io/kv",
      cause,
    });
  });
  return loading;
}

async function importAll(): Promise<NatsLibrary> {
  const [nats, jetstream, kv] = await Promise.all([
    import("@nats-io/transport-node"),
    import("@nats-io/jetstream"),
    import("@nats-io/kv"),
  ]);
  return { nats, jetstream, kv };
}
