import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { AikoError } from "../../errors.ts";
import { natsError } from "./errors.ts";
import { loadNats, type NatsLibrary } from "./library.ts";
import type { NatsOptions, NatsSettings } from "./options.ts";
import { Subjects } from "./subjects.ts";

/** An open connection, and what every part of the transport needs of it. */
export interface Link {
  readonly library: NatsLibrary;
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly settings: NatsSettings;
  readonly subjects: Subjects;
  /** Rejects with UNSUPPORTED where the server runs without JetStream. */
  manager(): Promise<JetStreamManager>;
}

/** Reconnects for ever once it was connected. Rejects with CONNECTION_FAILED, ENGINE_MISSING. */
export async function openLink(settings: NatsSettings, options: NatsOptions): Promise<Link> {
  const library = await loadNats();
  const { user, password: pass, token, name } = options;
  const connection = await library.nats
    .connect({
      servers: settings.servers,
      timeout: settings.timeoutMs,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
      ...(name === undefined ? {} : { name }),
      ...(user === undefined ? {} : { user }),
      ...(pass === undefined ? {} : { pass }),
      ...(token === undefined ? {} : { token }),
    })
    .catch((error) => {
      throw natsError(error, `Cannot connect to NATS at ${settings.servers.join(", ")}`);
    });
  const client = library.jetstream.jetstream(connection, { timeout: settings.timeoutMs });
  let managing: Promise<JetStreamManager> | undefined;
  return {
    library,
    connection,
    client,
    settings,
    subjects: new Subjects(settings.namespace),
    manager: () => {
      managing ??= openManager(library, connection, settings).catch((error) => {
        managing = undefined;
        throw error;
      });
      return managing;
    },
  };
}

async function openManager(
  { jetstream }: NatsLibrary,
  connection: NatsConnection,
  { timeoutMs }: NatsSettings,
): Promise<JetStreamManager> {
  try {
    return await jetstream.jetstreamManager(connection, { timeout: timeoutMs });
  } catch (error) {
    throw natsError(error, `NATS at ${connection.getServer()} stores nothing`);
  }
}

export function assertOpen({ connection }: Link): void {
  if (!connection.isClosed()) return;
  throw new AikoError("DISPOSED", { message: "The NATS transport is closed" });
}
