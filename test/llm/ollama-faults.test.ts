import { createServer } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { BusyError, openOllama, type Piece } from "#src/llm/index.js";
import { failure } from "../support/errors.ts";
import { chunked, cut, drop, hang, lines, raw, stall, status } from "../support/ollama/faults.ts";
import { line } from "../support/ollama/routes.ts";
import { FakeOllama, type Fault } from "../support/ollama/server.ts";

const fake = await FakeOllama.start();
const ollama = await openOllama({ host: fake.host });
afterAll(async () => {
  await ollama[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

async function generate(signal?: AbortSignal): Promise<string> {
  let text = "";
  for await (const piece of ollama.generate({ model: "tiny", prompt: "x" }, { signal })) text += piece.text;
  return text;
}

const piece = { response: "héllo ", done: false };
const end = { response: "", done: true, done_reason: "stop" };

describe("an answer that is none", () => {
  it.each<[string, Fault, Parameters<typeof failure>[1], string]>([
    ["malformed NDJSON", raw('{"response":"a"}\n{"respo\n'), "PROTOCOL_VIOLATION", "not JSON"],
    ["half a line", raw('{"response":"a"}\n{"respon'), "PROTOCOL_VIOLATION", "not JSON"],
    ["no last line", lines(piece, piece), "PROTOCOL_VIOLATION", "closed before the end"],
    ["nothing", raw(""), "PROTOCOL_VIOLATION", "closed before the end"],
    ["a web page", raw("<html>\u001b[2J hello</html>"), "PROTOCOL_VIOLATION", "<html>\\x1b[2J hello"],
    ["other values", lines([1]), "PROTOCOL_VIOLATION", "no answer of Ollama"],
    ["other types", lines({ response: 5 }), "PROTOCOL_VIOLATION", "response"],
    ["bytes that are no text", raw(Buffer.from([0x22, 0xff, 0x22, 0x0a])), "PROTOCOL_VIOLATION", "not UTF-8"],
    ["a line without end", raw("x".repeat(2 ** 20 + 1)), "PROTOCOL_VIOLATION", "more than 1048576 bytes"],
    ["an error in the middle", lines(piece, { error: "out of tokens" }), "SERVER_FAILED", "out of tokens"],
    [
      "a model that crashed",
      lines({ error: "llama runner process has terminated" }),
      "SERVER_FAILED",
      "runner",
    ],
    ["a cut connection", cut(piece, piece), "CONNECTION_FAILED", "in the middle"],
    ["a dropped connection", drop, "CONNECTION_FAILED", "cannot be reached"],
    ["400", status(400, "invalid options: x"), "INVALID_ARGUMENT", "invalid options"],
    [
      "400 of a context",
      status(400, "the input length exceeds the context length"),
      "CONTEXT_EXCEEDED",
      "context",
    ],
    ["400 of a capability", status(400, '"tiny" does not support tools'), "UNSUPPORTED", "tools"],
    ["401", status(401, "unauthorized"), "SERVER_FAILED", "unauthorized"],
    ["404 of a model", status(404, "model 'tiny' not found"), "MODEL_NOT_FOUND", "tiny"],
    ["499", status(499, "request canceled"), "ABORTED", "canceled"],
    ["500", status(500, "model requires more system memory"), "SERVER_FAILED", "system memory"],
    ["500 without words", status(500, undefined), "SERVER_FAILED", "{}"],
    [
      "a redirect",
      status(302, "x", { location: "http://evil.example/" }),
      "PROTOCOL_VIOLATION",
      "redirects to",
    ],
  ])("%s", async (_, fault, code, text) => {
    fake.fail("/api/generate", fault);
    expect((await failure(generate, code)).message).toContain(text);
    expect(await generate()).toBe("x");
  });

  it("503 says when to come back", async () => {
    fake.fail("/api/generate", status(503, "server busy", { "retry-after": "7" }), status(429, "slow down"));
    const busy = await failure(generate, "SERVER_BUSY");
    expect(busy instanceof BusyError && busy.retryAfterMs).toBe(7_000);
    const limited = await failure(generate, "SERVER_BUSY");
    expect(limited instanceof BusyError && limited.retryAfterMs).toBeUndefined();
  });

  it("404 of the route, where something else listens", async () => {
    fake.fail("/api/tags", (_, response) => void response.writeHead(404).end("<h1>nginx</h1>"));
    expect((await failure(() => ollama.models(), "PROTOCOL_VIOLATION")).message).toContain("nginx");
  });
});

describe("an answer in odd pieces", () => {
  const body = `${JSON.stringify(piece)}\r\n\n  \r\n${JSON.stringify({ response: "wörld €😀" })}\n${JSON.stringify(end)}`;

  it.each([1, 2, 3, 7, 1000])("of %i bytes", async (size) => {
    fake.fail("/api/generate", chunked(body, size));
    expect(await generate()).toBe("héllo wörld €😀");
  });

  it("of embeddings, one byte each", async () => {
    const text = JSON.stringify({
      model: 'a"]\\"[[',
      embeddings: [
        [3, 4],
        [0, -1e-3],
      ],
      prompt_eval_count: 2,
    });
    fake.fail("/api/embed", chunked(text, 1));
    const { embeddings, model } = await ollama.embed({ model: "embedder", input: ["a", "b"] });
    expect(model).toBe('a"]\\"[[');
    expect(embeddings.map((row) => [...row])).toEqual([
      [Math.fround(0.6), Math.fround(0.8)],
      [0, -1],
    ]);
  });

  it.each<[string, unknown]>([
    ["too few", { embeddings: [[1]] }],
    ["too many", { embeddings: [[1], [1], [1]] }],
    ["of different sizes", { embeddings: [[1], [0, 1]] }],
    ["without numbers", { embeddings: [[1], []] }],
    ["of other things", { embeddings: [[1], ["x"]] }],
    ["of infinite numbers", '{"embeddings":[[1],[1e999]]}'],
    ["missing", {}],
    ["in a broken text", '{"embeddings":[[1],[1]'],
    ["in no text", ""],
    ["nested deeper", { embeddings: [[1], [[1]]] }],
  ])("embeddings that are %s", async (_, answer) => {
    fake.fail("/api/embed", raw(typeof answer === "string" ? answer : JSON.stringify(answer)));
    await failure(() => ollama.embed({ model: "embedder", input: ["a", "b"] }), "PROTOCOL_VIOLATION");
  });

  it("pulls that end in the middle, or in an error", async () => {
    const pull = async (model: string) => {
      for await (const _ of ollama.pull(model)) {
      }
    };
    fake.fail("/api/pull", lines({ status: "pulling manifest" }));
    await failure(() => pull("x"), "PROTOCOL_VIOLATION");
    await failure(() => pull("unknown"), "MODEL_NOT_FOUND");
  });
});

it("is asked once, where a connection that served before is reset in the middle", async () => {
  const asked = fake.of("/api/generate").length;
  let reset = () => {};
  fake.fail("/api/generate", (_, response) => {
    reset = () => void response.socket?.resetAndDestroy();
    line(response, piece);
  });
  expect(await ollama.models()).toHaveLength(3);
  const pieces = ollama.generate({ model: "tiny", prompt: "x" })[Symbol.asyncIterator]();
  expect((await pieces.next()).value).toEqual({ text: "héllo " });
  reset();
  const lost = await failure(() => pieces.next(), "CONNECTION_FAILED");
  expect(lost.message).toContain("in the middle");
  expect(await generate()).toBe("x");
  expect(fake.of("/api/generate").length).toBe(asked + 2);
});

describe("cancellation", () => {
  it("closes the socket of a request without an answer", async () => {
    fake.fail("/api/generate", hang);
    const before = fake.cancelled;
    const controller = new AbortController();
    const asked = fake.of("/api/generate").length;
    const answer = generate(controller.signal);
    await expect.poll(() => fake.of("/api/generate").length).toBe(asked + 1);
    controller.abort();
    await failure(() => answer, "ABORTED");
    await expect.poll(() => fake.cancelled).toBe(before + 1);
  });

  it("closes the socket of an answer in the middle", async () => {
    fake.fail("/api/generate", stall(piece));
    const before = fake.cancelled;
    const controller = new AbortController();
    const pieces = ollama.generate({ model: "tiny", prompt: "x" }, { signal: controller.signal });
    const iterator = pieces[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toEqual({ text: "héllo " } satisfies Piece);
    const next = iterator.next();
    controller.abort();
    await failure(() => next, "ABORTED");
    await expect.poll(() => fake.cancelled).toBe(before + 1);
  });

  it("closes the socket when the stream is left", async () => {
    fake.fail("/api/generate", stall(piece));
    const before = fake.cancelled;
    for await (const _ of ollama.generate({ model: "tiny", prompt: "x" })) break;
    await expect.poll(() => fake.cancelled).toBe(before + 1);
  });

  it("asks nobody once the signal has fired", async () => {
    const before = fake.received.length;
    await failure(() => generate(AbortSignal.abort()), "ABORTED");
    expect(fake.received.length).toBe(before);
  });
});

describe("where no Ollama is", () => {
  it("is refused, unknown, silent, or something else", async () => {
    const gone = await FakeOllama.start();
    await gone[Symbol.asyncDispose]();
    const refused = await failure(() => openOllama({ host: gone.host }), "CONNECTION_FAILED");
    expect(refused.hint).toContain("ollama serve");
    await failure(() => openOllama({ host: "no-such-host.invalid" }), "CONNECTION_FAILED");
    await using silent = await FakeOllama.start();
    silent.fail("/api/version", hang);
    const late = await failure(
      () => openOllama({ host: silent.host, probeTimeoutMs: 50 }),
      "CONNECTION_FAILED",
    );
    expect(late.message).toContain("within 50 ms");
    silent.fail("/api/version", raw("It works!"), lines({ name: "other" }));
    await failure(() => openOllama({ host: silent.host }), "PROTOCOL_VIOLATION");
    await failure(() => openOllama({ host: silent.host }), "PROTOCOL_VIOLATION");
    await failure(() => openOllama({ host: `${silent.host}/elsewhere` }), "PROTOCOL_VIOLATION");
  });

  it("speaks another protocol", async () => {
    const server = createServer((socket) => socket.end("220 mail.example ESMTP\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const error = await failure(() => openOllama({ host: `127.0.0.1:${port}` }), "PROTOCOL_VIOLATION");
    expect(error.message).toContain("does not speak HTTP");
    server.close();
  });

  it("is never asked with headers that cannot be sent", async () => {
    const headers = { "x-token": "a\nb" };
    await failure(() => openOllama({ host: fake.host, headers }), "INVALID_ARGUMENT");
  });

  it("rejects after it was closed", async () => {
    const other = await openOllama({ host: fake.host });
    await other[Symbol.asyncDispose]();
    await failure(() => other.models(), "DISPOSED");
  });
});
