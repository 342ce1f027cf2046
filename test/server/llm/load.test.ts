import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { Admission } from "#src/server/llm/admission.js";
import { keepAliveMs } from "#src/server/llm/duration.js";
import { failure } from "../../support/errors.js";
import { gate, usage, words } from "../../support/scripted-provider.js";
import { post, type Started, start } from "./start.js";

const busy = "server busy, please try again.  maximum pending requests exceeded";
const generate = ({ url }: Started, prompt: string, token = "") =>
  post(
    `${url}/api/generate`,
    { model: "tiny", prompt, stream: false },
    token === "" ? {} : { authorization: `Bearer ${token}` },
  );

/** Answers wait until the gate opens. */
function held({ provider }: Started) {
  const opening = gate();
  provider.onGenerate = async function* ({ prompt }) {
    await opening.opened;
    yield* words(prompt);
  };
  return opening;
}

describe("requests at a time", () => {
  it("run as many as allowed, and the others wait", async () => {
    const started = await start({ parallel: 3 });
    const opening = held(started);
    const answers = Array.from({ length: 10 }, (_, at) => generate(started, `${at}`));
    await expect.poll(() => started.server.statistics()).toMatchObject({ running: 3, waiting: 7 });
    expect(started.provider.active).toBe(3);
    opening.open();
    const texts = (await Promise.all(answers)).map(({ text }) => JSON.parse(text).response);
    expect(texts).toEqual(Array.from({ length: 10 }, (_, at) => `${at}`));
    expect(started.provider.peak).toBe(3);
    await expect
      .poll(() => started.server.statistics())
      .toMatchObject({ running: 0, waiting: 0, answered: 10 });
  });

  it("beyond the queue are answered as Ollama does", async () => {
    const started = await start({ parallel: 1, maxQueue: 2 });
    const opening = held(started);
    const answers = [generate(started, "a"), generate(started, "b"), generate(started, "c")];
    await expect.poll(() => started.server.statistics()).toMatchObject({ running: 1, waiting: 2 });
    const refused = await generate(started, "d");
    expect(refused).toMatchObject({ status: 503, text: JSON.stringify({ error: busy }) });
    expect(refused.headers.get("retry-after")).toBe("1");
    opening.open();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(started.server.statistics()).toMatchObject({ refused: 1 });
  });

  it("leave the queue with their client", async () => {
    const started = await start({ parallel: 1 });
    const opening = held(started);
    const first = generate(started, "a");
    await expect.poll(() => started.server.statistics().running).toBe(1);
    const abort = new AbortController();
    const body = JSON.stringify({ model: "tiny", prompt: "b" });
    const second = fetch(`${started.url}/api/generate`, { method: "POST", body, signal: abort.signal });
    await expect.poll(() => started.server.statistics().waiting).toBe(1);
    abort.abort();
    await expect(second).rejects.toThrow();
    await expect.poll(() => started.server.statistics().waiting).toBe(0);
    opening.open();
    await first;
    expect(started.provider.generated).toHaveLength(1);
  });

  it("hold no more bytes than allowed, all together", async () => {
    const started = await start({ parallel: 1, maxPendingBytes: 250_000 });
    const opening = held(started);
    const large = "x".repeat(100_000);
    const first = generate(started, large);
    await expect.poll(() => started.server.statistics().running).toBe(1);
    const second = generate(started, large);
    await expect.poll(() => started.server.statistics().waiting).toBe(1);
    expect(await generate(started, large)).toMatchObject({
      status: 503,
      text: JSON.stringify({ error: busy }),
    });
    opening.open();
    expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([200, 200]);
    expect((await generate(started, large)).status).toBe(200);
  });

  it("leave nothing behind, however they end", async () => {
    const started = await start({ parallel: 4 });
    const opening = held(started);
    const body = JSON.stringify({ model: "tiny", prompt: "?" });
    const leave = new AbortController();
    const gone = Array.from({ length: 60 }, () =>
      fetch(`${started.url}/api/generate`, { method: "POST", body, signal: leave.signal }),
    );
    await expect.poll(() => started.server.statistics()).toMatchObject({ running: 4, waiting: 56 });
    leave.abort();
    expect((await Promise.allSettled(gone)).every(({ status }) => status === "rejected")).toBe(true);
    await expect
      .poll(() => started.server.statistics())
      .toMatchObject({ running: 0, waiting: 0, answered: 60 });
    expect(new Set(started.records.map(({ status }) => status))).toEqual(new Set([499]));
    opening.open();
    await expect.poll(() => started.provider.active).toBe(0);
  });

  it("leave nothing behind where one connection sent many", async () => {
    const started = await start({ parallel: 4, maxPendingBytes: 100_000 });
    held(started);
    const body = JSON.stringify({ model: "tiny", prompt: "x".repeat(8_000) });
    const request = `POST /api/generate HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    for (const answered of [6, 12]) {
      const socket = connect(started.server.port, "127.0.0.1");
      socket.write(request.repeat(6));
      await expect.poll(() => started.server.statistics()).toMatchObject({ running: 4, waiting: 2 });
      socket.destroy();
      await expect
        .poll(() => started.server.statistics())
        .toMatchObject({ running: 0, waiting: 0, answered });
    }
    expect(started.records.map(({ status }) => status)).toEqual(Array(12).fill(499));
  });

  it("take turns by client, whoever has asked the most", async () => {
    const started = await start({ parallel: 1, maxQueue: 8 });
    const opening = held(started);
    const running = generate(started, "first", "greedy");
    await expect.poll(() => started.server.statistics().running).toBe(1);
    const greedy = Array.from({ length: 8 }, (_, at) => generate(started, `greedy ${at}`, "greedy"));
    await expect.poll(() => started.server.statistics().waiting).toBe(8);
    const modest = [generate(started, "modest 0", "modest"), generate(started, "modest 1", "modest")];
    await expect.poll(() => started.server.statistics().refused).toBe(2);
    opening.open();
    const all = await Promise.all([running, ...greedy, ...modest]);
    expect(all.slice(9).map(({ status }) => status)).toEqual([200, 200]);
    expect(all.filter(({ status }) => status === 503)).toHaveLength(2);
    const order = started.provider.generated.map(({ prompt }) => prompt.split(" ")[0]);
    expect(order.slice(0, 5)).toEqual(["first", "greedy", "modest", "greedy", "modest"]);
  });

  it("take their number from Ollama's variables", async () => {
    const { settingsOf } = await import("#src/server/llm/options.js");
    const env = {
      OLLAMA_NUM_PARALLEL: "3",
      OLLAMA_MAX_QUEUE: "5",
      OLLAMA_KEEP_ALIVE: "-1",
      OLLAMA_ORIGINS: "a, b",
    };
    expect(settingsOf({}, env)).toMatchObject({
      parallel: 3,
      maxQueue: 5,
      keepAliveMs: Number.POSITIVE_INFINITY,
      origins: ["a", "b"],
    });
    expect(settingsOf({ parallel: 2 }, env).parallel).toBe(2);
    expect(settingsOf({}, {})).toMatchObject({
      parallel: 8,
      maxQueue: 512,
      port: 0,
      keepAliveMs: undefined,
    });
    await failure(() => settingsOf({}, { OLLAMA_NUM_PARALLEL: "many" }), "INVALID_ARGUMENT");
    await failure(() => settingsOf({}, { OLLAMA_KEEP_ALIVE: "soon" }), "INVALID_ARGUMENT");
  });
});

describe("admission", () => {
  const never = new AbortController().signal;

  it("gives each place back once", async () => {
    const admission = new Admission({ parallel: 1, maxQueue: 2 });
    const leave = await admission.enter("a", never);
    const second = admission.enter("a", never);
    const third = admission.enter("b", never);
    leave();
    leave();
    await second;
    expect([admission.running, admission.waiting]).toEqual([1, 1]);
    (await second)();
    (await third)();
    expect([admission.running, admission.waiting]).toEqual([0, 0]);
  });

  it("turns everybody away once closed", async () => {
    const admission = new Admission({ parallel: 1, maxQueue: 2 });
    const leave = await admission.enter("a", never);
    const second = failure(() => admission.enter("a", never), "SERVER_BUSY");
    admission.close();
    expect((await second).message).toBe("the server is shutting down");
    await failure(() => admission.enter("a", never), "SERVER_BUSY");
    await failure(() => admission.enter("a", AbortSignal.abort()), "ABORTED");
    leave();
    expect(admission.running).toBe(0);
  });
});

describe("slow readers", () => {
  /** Sends a request and reads nothing. */
  function deaf({ server }: Started): Socket {
    const socket = connect(server.port, "127.0.0.1").pause();
    const body = JSON.stringify({ model: "tiny", prompt: "?" });
    socket.on("error", () => {});
    socket.write(
      `POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return socket;
  }

  it("hold the model back", async () => {
    const started = await start();
    let made = 0;
    started.provider.onGenerate = async function* () {
      for (; made < 400; made++) yield { text: "x".repeat(64_000) };
      yield* words("end");
    };
    const socket = deaf(started);
    await expect.poll(() => made).toBeGreaterThan(0);
    let before = -1;
    await expect
      .poll(
        () => {
          const still = made === before;
          before = made;
          return still;
        },
        { interval: 200 },
      )
      .toBe(true);
    expect(made).toBeLessThan(300);
    let length = 0;
    socket.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (chunk.includes('"done":true')) socket.destroy();
    });
    socket.resume();
    await expect.poll(() => socket.destroyed, { timeout: 30_000 }).toBe(true);
    expect(length).toBeGreaterThan(400 * 64_000);
  });

  it("are left after a while, and their work ends", async () => {
    const started = await start({ stallTimeoutMs: 100 });
    started.provider.onGenerate = async function* () {
      for (;;) yield { text: "x".repeat(64_000) };
    };
    const socket = deaf(started);
    await expect.poll(() => started.records.map(({ status }) => status)).toEqual([499]);
    expect(started.provider).toMatchObject({ active: 0, cancelled: 1 });
    socket.destroy();
  });
});

describe("closing", () => {
  it("lets what runs end, and turns away what waits", async () => {
    const started = await start({ parallel: 1 });
    const opening = held(started);
    const running = generate(started, "a");
    await expect.poll(() => started.server.statistics().running).toBe(1);
    const waiting = generate(started, "b");
    await expect.poll(() => started.server.statistics().waiting).toBe(1);
    const closed = started.server.close();
    expect(await waiting).toMatchObject({ status: 503, text: '{"error":"the server is shutting down"}' });
    opening.open();
    expect((await running).status).toBe(200);
    await closed;
    await expect(generate(started, "c")).rejects.toThrow();
    await started.server.close();
  });

  it("cancels what runs for too long, even where it does not listen", async () => {
    const started = await start();
    const { provider } = started;
    provider.onGenerate = async function* () {
      yield { text: "begun" };
      await new Promise(() => {});
    };
    const body = JSON.stringify({ model: "tiny", prompt: "?" });
    const response = await fetch(`${started.url}/api/generate`, { method: "POST", body });
    await started.server.close({ graceMs: 50 });
    const lines = (await response.text()).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).error)).toEqual([undefined, "the server is shutting down"]);
  });

  it("closes connections on which nothing happens", async () => {
    const started = await start();
    const socket = connect(started.server.port, "127.0.0.1");
    const ended = new Promise((resolve) => socket.on("close", resolve));
    await new Promise((resolve) => socket.on("connect", resolve));
    await started.server.close();
    socket.resume();
    await ended;
  });
});

describe("answers that are none", () => {
  it("an answer that just ends is an error", async () => {
    const started = await start();
    started.provider.onGenerate = async function* () {
      yield { text: "half" };
    };
    const error = "the model's answer ended before it was done";
    expect(await generate(started, "?")).toMatchObject({ status: 502, text: JSON.stringify({ error }) });
    const streamed = await post(`${started.url}/api/generate`, { model: "tiny", prompt: "?" });
    expect(streamed.status).toBe(200);
    expect(JSON.parse(streamed.text.trim().split("\n").at(-1) ?? "")).toEqual({ error });
  });

  it("what comes after the end is not sent", async () => {
    const started = await start();
    started.provider.onGenerate = async function* () {
      yield { text: "a", done: { reason: "stop", usage } };
      yield { text: "b" };
    };
    expect(JSON.parse((await generate(started, "?")).text).response).toBe("a");
    await expect.poll(() => started.provider.active).toBe(0);
  });

  it("an error that is not ours says nothing of itself", async () => {
    const started = await start();
    started.provider.onGenerate = () => {
      throw new RangeError("/home/somebody/secret");
    };
    expect(await generate(started, "?")).toMatchObject({ status: 500, text: '{"error":"internal error"}' });
    expect(started.records[0]?.error).toBe("/home/somebody/secret");
  });
});

describe("keep_alive", () => {
  it.each([
    [5, 5000],
    [0, 0],
    [-1, Number.POSITIVE_INFINITY],
    [0.5, 500],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1.5h", 5_400_000],
    ["-1", Number.POSITIVE_INFINITY],
    ["-1m", Number.POSITIVE_INFINITY],
    ["300", 300_000],
    ["100ms", 100],
    ["2h3m4.5s", 7_384_500],
    ["", undefined],
    ["m", undefined],
    ["5 m", undefined],
    ["5x", undefined],
    ["1h-5m", undefined],
    ["0x10", undefined],
    [Number.NaN, undefined],
  ] as const)("%s", (value, ms) => {
    expect(keepAliveMs(value)).toBe(ms);
  });
});
