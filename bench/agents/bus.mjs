import { EventEmitter as NodeEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Bus, defineMessage, Emitter } from "aikoryu/agents";
import { EventEmitter } from "eventemitter3";
import { z } from "zod";
import { check, interleaved, warmUp } from "../harness.mjs";
import { versionOf } from "../peers/version.mjs";

/** @typedef {import("../index.mjs").Row} Row */

const calls = 1_000_000;
const requests = 5_000;

/** What functions and agents of one process are told. @param {import("../index.mjs").Bench} bench @returns {Promise<Row[]>} */
export async function rows({ progress }) {
  const found = [];
  for (const functions of [1, 10, 100]) found.push(await emitRow(functions, progress));
  return [...found, ...(await requestRows(progress))];
}

/** @param {number} functions @param {(text: string) => void} progress @returns {Promise<Row>} */
async function emitRow(functions, progress) {
  progress(`broadcast to ${functions} functions`);
  const events = calls / functions;
  const ours = new Emitter("tick");
  const three = new EventEmitter();
  const node = new NodeEmitter().setMaxListeners(0);
  const contestants = [
    contestant(
      "ours",
      functions,
      events,
      (handler) => ours.on(handler),
      (body) => ours.emit(body),
    ),
    contestant(
      "eventemitter3",
      functions,
      events,
      (handler) => three.on("tick", handler),
      (body) => three.emit("tick", body),
    ),
    contestant(
      "EventEmitter",
      functions,
      events,
      (handler) => node.on("tick", handler),
      (body) => node.emit("tick", body),
    ),
  ];
  for (const { run } of contestants) await warmUp(run);
  const ms = await interleaved(contestants, { rounds: 9 });
  for (const { verify } of contestants) verify();
  return row("agents.emitter", `${functions} functions, ${events} events`, ms, [
    { name: "eventemitter3", version: versionOf("eventemitter3") },
    { name: "EventEmitter", version: process.version },
  ]);
}

/**
 * Each function adds what it is told to a sum of its own, which is checked at the end.
 * @param {string} name @param {number} functions @param {number} events
 * @param {(handler: (body: any) => void) => unknown} on @param {(body: { value: number }) => unknown} emit
 */
function contestant(name, functions, events, on, emit) {
  const sums = new Float64Array(functions);
  for (let at = 0; at < functions; at++) {
    on((body) => {
      sums[at] += body.value;
    });
  }
  let runs = 0;
  const run = () => {
    runs++;
    for (let value = 0; value < events; value++) emit({ value });
  };
  const verify = () => {
    const expected = (runs * events * (events - 1)) / 2;
    check(`${name}, ${functions} functions`, sums, new Float64Array(functions).fill(expected), 0);
  };
  return { name, run, verify };
}

/** @param {(text: string) => void} progress @returns {Promise<Row[]>} */
async function requestRows(progress) {
  progress("requests between agents");
  const bus = new Bus();
  const Increment = defineMessage("increment", z.number(), z.number());
  /** @type {(message: { body: number }) => number} */
  const handler = ({ body }) => body + 1;
  await bus.agent({ name: "adder", accepts: [Increment], concurrency: 64, handler });
  let sum = 0;
  await bus.agent({
    name: "sink",
    accepts: { add: z.number() },
    handler: ({ body }) => {
      sum += body;
    },
  });
  const contestants = [
    {
      name: "request",
      run: async () => {
        let value = 0;
        for (let at = 0; at < requests; at++) value = await bus.request("adder", Increment, value);
        if (value !== requests) throw new RangeError(`${requests} requests came to ${value}`);
      },
    },
    {
      name: "publish",
      run: async () => {
        sum = 0;
        for (let at = 0; at < requests; at++) await bus.publish("add", 1);
        for (let turns = 0; sum < requests && turns < requests; turns++) await nextTurn();
        if (sum !== requests) throw new RangeError(`${requests} messages came to ${sum}`);
      },
    },
  ];
  for (const { run } of contestants) await warmUp(run);
  const ms = await interleaved(contestants, { rounds: 9 });
  await bus.dispose();
  return [
    row("agents.request", "one request and its answer", per(ms, "request"), []),
    row("agents.publish", "one message to one agent", per(ms, "publish"), []),
  ];
}

/** @param {Map<string, number>} ms @param {string} name */
function per(ms, name) {
  return new Map([["ours", (ms.get(name) ?? Number.NaN) / requests]]);
}

/** @param {string} operation @param {string} title @param {Map<string, number>} ms @param {{ name: string, version: string }[]} peers @returns {Row} */
function row(operation, title, ms, peers) {
  const ours = ms.get("ours") ?? Number.NaN;
  const timed = peers.map((peer) => ({ ...peer, ms: ms.get(peer.name) ?? Number.NaN }));
  return {
    family: "agents",
    operation,
    case: title,
    ours: { ms: ours, placement: "cpu", device: "javascript", reason: "functions of this process" },
    gpuMs: null,
    cpuMs: ours,
    peers: timed,
    ratio: timed.length === 0 ? null : Math.min(...timed.map((peer) => peer.ms)) / ours,
    limit: null,
  };
}
