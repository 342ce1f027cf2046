import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { natsTransport } from "aikoryu/cluster";
import { Queue, Worker } from "bullmq";
import { interleaved, warmUp } from "../harness.mjs";
import { versionOf } from "../peers/version.mjs";
import { startNats, startRedis } from "./servers.mjs";

/** @typedef {import("../index.mjs").Row} Row */

const listeners = 100;
const broadcasts = 500;
const jobs = 2_000;
const body = { from: "router", text: "x".repeat(200), score: 0.5 };
const reason = "messages between processes";

/** @param {import("../index.mjs").Bench} bench @returns {Promise<Row[]>} */
export async function rows({ progress }) {
  const nats = await startNats();
  if (nats === undefined) {
    progress("nats-server is not installed: no rows over NATS");
    return [];
  }
  const redis = await startRedis();
  if (redis === undefined) progress("redis-server is not installed: no row of BullMQ");
  const servers = `nats://127.0.0.1:${nats.port}`;
  try {
    return [await broadcastRow(servers, progress), await queueRow(servers, redis?.port, progress)];
  } finally {
    await Promise.all([nats.stop(), redis?.stop()]);
  }
}

/** One member publishes, `listeners` handlers of another one hear each message. @param {string} servers @param {(text: string) => void} progress */
async function broadcastRow(servers, progress) {
  progress("broadcast over NATS");
  const [sender, receiver] = [await natsTransport({ servers }), await natsTransport({ servers })];
  const ours = counter();
  for (let i = 0; i < listeners; i++) {
    await receiver.subscribe("news.today", ({ envelope }) =>
      ours.take(/** @type {any} */ (envelope.body).score),
    );
  }
  const [rawSender, rawReceiver] = [await connect({ servers }), await connect({ servers })];
  const raw = counter();
  for (let i = 0; i < listeners; i++) {
    rawReceiver.subscribe("raw.news", { callback: (_, message) => raw.take(message.json().score) });
  }
  await rawReceiver.flush();
  let next = 0;
  const contestants = [
    {
      name: "ours",
      run: async () => {
        const heard = ours.expect(broadcasts * listeners);
        for (let i = 0; i < broadcasts; i++) {
          await sender.publish({ id: `${next++}`, topic: "news.today", body, sentAt: Date.now() });
        }
        await heard;
      },
    },
    {
      name: "nats",
      run: async () => {
        const heard = raw.expect(broadcasts * listeners);
        for (let i = 0; i < broadcasts; i++) rawSender.publish("raw.news", JSON.stringify(body));
        await heard;
      },
    },
  ];
  for (const { run } of contestants) await warmUp(run);
  const ms = await interleaved(contestants);
  await Promise.all([sender[Symbol.asyncDispose](), receiver[Symbol.asyncDispose]()]);
  await Promise.all([rawSender.close(), rawReceiver.close()]);
  return row("broadcast over NATS", `${broadcasts} messages to ${listeners} handlers`, ms, [
    { name: "nats", version: versionOf("@nats-io/transport-node") },
  ]);
}

/**
 * A queue whose jobs are stored and acknowledged one by one; many are published at once, as agents do.
 * @param {string} servers @param {number | undefined} redisPort @param {(text: string) => void} progress
 */
async function queueRow(servers, redisPort, progress) {
  progress("work queue over NATS");
  const transport = await natsTransport({ servers, namespace: "queue", stored: ["jobs"] });
  const ours = counter();
  await transport.subscribe(
    "jobs",
    async (delivery) => {
      await delivery.acknowledge();
      ours.take(0.5);
    },
    { group: "workers", maxInFlight: 256 },
  );
  const connection = await connect({ servers });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: "raw", subjects: ["rawjobs"] });
  await manager.consumers.add("raw", { durable_name: "workers", ack_policy: "explicit" });
  const client = jetstream(connection);
  const raw = counter();
  const consumer = await client.consumers.get("raw", "workers");
  const pull = await consumer.consume({
    callback: (message) => {
      void message.ackAck().then(() => raw.take(0.5));
    },
  });
  let next = 0;
  const contestants = [
    {
      name: "ours",
      run: async () => {
        const done = ours.expect(jobs);
        const send = () => transport.publish({ id: `${next++}`, topic: "jobs", body, sentAt: Date.now() });
        await Promise.all(Array.from({ length: jobs }, send));
        await done;
      },
    },
    {
      name: "nats",
      run: async () => {
        const done = raw.expect(jobs);
        const send = () => client.publish("rawjobs", JSON.stringify(body), { msgID: `${next++}` });
        await Promise.all(Array.from({ length: jobs }, send));
        await done;
      },
    },
  ];
  const peers = [{ name: "nats", version: versionOf("@nats-io/jetstream") }];
  const bull = redisPort === undefined ? undefined : bullQueue(redisPort);
  if (bull !== undefined) {
    contestants.push({ name: "bullmq", run: bull.run });
    peers.push({ name: "bullmq", version: versionOf("bullmq") });
  }
  for (const { run } of contestants) await warmUp(run);
  const ms = await interleaved(contestants);
  await transport[Symbol.asyncDispose]();
  await pull.close();
  await connection.close();
  await bull?.close();
  return row("work queue over NATS", `${jobs} stored jobs, each acknowledged`, ms, peers);
}

/** @param {number} port */
function bullQueue(port) {
  const connection = { host: "127.0.0.1", port };
  const done = counter();
  const queue = new Queue("jobs", { connection, defaultJobOptions: { removeOnComplete: true } });
  const worker = new Worker("jobs", async () => done.take(0.5), { connection, concurrency: 256 });
  return {
    run: async () => {
      const all = done.expect(jobs);
      await queue.addBulk(Array.from({ length: jobs }, () => ({ name: "job", data: body })));
      await all;
    },
    close: async () => {
      await worker.close();
      await queue.close();
    },
  };
}

/** Counts what was heard, and checks that it is what was said. */
function counter() {
  let count = 0;
  let target = Number.POSITIVE_INFINITY;
  let resolve = () => {};
  return {
    /** @param {number} score */
    take(score) {
      if (score !== body.score) throw new Error(`heard ${score}`);
      if (++count === target) resolve();
    },
    /** @param {number} more */
    expect(more) {
      target = count + more;
      return new Promise((settle) => {
        resolve = () => settle(undefined);
      });
    },
  };
}

/** @param {string} operation @param {string} title @param {Map<string, number>} ms @param {{ name: string, version: string }[]} peers @returns {Row} */
function row(operation, title, ms, peers) {
  const time = (/** @type {string} */ name) => ms.get(name) ?? Number.NaN;
  const timed = peers.map((peer) => ({ ...peer, ms: time(peer.name) }));
  const ratio = Math.min(...timed.map((peer) => peer.ms)) / time("ours");
  return {
    family: "agents",
    operation,
    case: title,
    ours: { ms: time("ours"), placement: "cpu", device: "cpu", reason },
    gpuMs: null,
    cpuMs: time("ours"),
    peers: timed,
    ratio,
    limit: null,
  };
}
