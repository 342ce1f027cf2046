import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect } from "vitest";
import type { Transport } from "#src/agents/index.js";
import { natsTransport } from "#src/cluster/index.js";
import { failure } from "../../support/errors.ts";
import { natsMissing, natsServer } from "../../support/nats.ts";
import { itWith } from "../../support/tools.ts";

const it = itWith("nats-server", natsMissing);
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
});

const worker = fileURLToPath(new URL("worker.js", import.meta.url));

async function startWorker(...args: string[]): Promise<ChildProcess> {
  const child = fork(worker, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  children.add(child);
  await new Promise((resolve) => child.once("message", resolve));
  return child;
}

async function publishNumbers(transport: Transport, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    await transport.publish({ id: `job-${i}`, topic: "jobs.count", body: i, sentAt: Date.now() });
  }
}

async function handled(log: string): Promise<number[]> {
  const text = await readFile(log, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => Number(line.split(" ")[0]));
}

describe("when something dies", () => {
  it("a killed worker's jobs go to others, and none is done twice after it was acknowledged", async () => {
    await using server = await natsServer();
    const folder = await mkdtemp(join(tmpdir(), "aikoryu-jobs-"));
    const log = join(folder, "done");
    await using transport = await natsTransport({ servers: server.url, stored: ["jobs.>"] });
    const workers: ChildProcess[] = [];
    for (let i = 0; i < 3; i++) workers.push(await startWorker(server.url, "aikoryu", log, `w${i}`));
    const total = 400;
    const publishing = publishNumbers(transport, 0, total);
    for (const [i, victim] of workers.slice(0, 2).entries()) {
      await expect
        .poll(async () => (await handled(log)).length, { timeout: 40_000 })
        .toBeGreaterThan(60 * (i + 1));
      victim.kill("SIGKILL");
      workers.push(await startWorker(server.url, "aikoryu", log, `n${i}`));
    }
    await publishing;
    const missing = async () => {
      const done = new Set(await handled(log));
      return Array.from({ length: total }, (_, i) => i).filter((i) => !done.has(i)).length;
    };
    // What was acknowledged in the moment of the kill may lack its line: at most what two workers had in flight.
    const { connect } = await import("@nats-io/transport-node");
    const { jetstreamManager } = await import("@nats-io/jetstream");
    const connection = await connect({ servers: server.url });
    const consumers = (await jetstreamManager(connection)).consumers;
    const open = async () => {
      const { num_pending, num_ack_pending } = await consumers.info(
        "aikoryu_topics",
        "group_workers_jobs=2e=3e",
      );
      return num_pending + num_ack_pending;
    };
    await expect.poll(open, { timeout: 40_000, interval: 100 }).toBe(0);
    await connection.close();
    await expect.poll(missing, { timeout: 10_000 }).toBeLessThanOrEqual(8);
    const done = await handled(log);
    expect(new Set(done).size).toBe(done.length);
    await rm(folder, { recursive: true });
  });

  it("a server that restarts loses nothing of what it stored, and members find it again", async () => {
    await using server = await natsServer();
    await using a = await natsTransport({ servers: server.url, stored: ["jobs.>"], timeoutMs: 30_000 });
    await using b = await natsTransport({ servers: server.url, stored: ["jobs.>"], timeoutMs: 30_000 });
    const done: unknown[] = [];
    await b.subscribe(
      "jobs.>",
      async (delivery) => {
        await delivery.acknowledge().then(
          () => done.push(delivery.envelope.body),
          () => {},
        );
      },
      { group: "g" },
    );
    const live: unknown[] = [];
    await b.subscribe("news", ({ envelope: { body } }) => live.push(body));
    const publishing = publishNumbers(a, 0, 300);
    await expect.poll(() => done.length, { timeout: 20_000 }).toBeGreaterThan(50);
    await server.kill();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await server.start();
    await publishing;
    await expect.poll(() => new Set(done).size, { timeout: 50_000 }).toBe(300);
    await a.publish({ id: "n", topic: "news", body: "again", sentAt: Date.now() });
    await expect.poll(() => live, { timeout: 20_000 }).toEqual(["again"]);
  });

  it("members that leave while the server is away are told, and their transport is disposed", async () => {
    await using server = await natsServer();
    const transport = await natsTransport({ servers: server.url, stored: ["jobs.>"], timeoutMs: 300 });
    const live = await transport.subscribe("news", () => {}, { maxInFlight: 1 });
    await transport.subscribe("jobs.>", () => {}, { group: "g" });
    await server.kill();
    await failure(() => transport.subscribe("more.news", () => {}), "CONNECTION_FAILED");
    await live.close();
    await transport[Symbol.asyncDispose]();
    await failure(() => transport.subscribe("news", () => {}), "DISPOSED");
  });
});
