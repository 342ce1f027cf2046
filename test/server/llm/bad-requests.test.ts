import { request } from "node:http";
import { connect as connectTcp } from "node:net";
import { describe, expect, it } from "vitest";
import { post, start } from "./start.js";

const text = (value: unknown) => JSON.stringify(value);
const chatted = (message: object) => ({ model: "tiny", messages: [message] });

const nested = (depth: number, inside = "") =>
  `{"model":"tiny","x":${"[".repeat(depth)}${inside}${"]".repeat(depth)}}`;

/** Path, body, status, and what the message has to hold. */
const ollama: Readonly<Record<string, readonly [string, unknown, number, string | RegExp]>> = {
  "no body": ["generate", "", 400, "missing request body"],
  "half of JSON": ["generate", '{"model": "tiny", ', 400, /^the body is not JSON: /],
  "a value nested a million deep": ["generate", nested(1_000_000), 400, /nested more than 1000 levels/],
  "a value nested a little too deep": ["chat", nested(1_000), 400, /nested more than 1000 levels/],
  "brackets within texts": [
    "chat",
    nested(9, `"${"[".repeat(5_000)}\\"{{\\\\"`).replace("tiny", ""),
    400,
    "model: is required",
  ],
  "a JSON text": ["generate", '"tiny"', 400, "the body: expected object, received string"],
  "a JSON array": ["chat", "[]", 400, "the body: expected object, received array"],
  "no model": ["generate", { prompt: "a" }, 400, "model: is required"],
  "an empty model": ["chat", { model: "", messages: [] }, 400, "model: is required"],
  "a model that is a number": ["generate", { model: 7 }, 400, "model: expected string, received number"],
  "a prompt that is a list": ["generate", { model: "tiny", prompt: [] }, 400, /^prompt: expected string/],
  "an option that is a text": [
    "generate",
    { model: "tiny", prompt: "a", options: { temperature: "hot" } },
    400,
    "options.temperature: expected number, received string",
  ],
  "a half token": [
    "generate",
    { model: "tiny", options: { num_predict: 1.5 } },
    400,
    /^options\.num_predict: /,
  ],
  "a temperature below zero": [
    "chat",
    { model: "tiny", options: { temperature: -1 } },
    400,
    /^options\.temp/,
  ],
  "a keep_alive that is none": [
    "generate",
    { model: "tiny", keep_alive: "5 minutes" },
    400,
    /^keep_alive: "5 min/,
  ],
  "a keep_alive that is an object": ["chat", { model: "tiny", keep_alive: {} }, 400, /^keep_alive: /],
  "a format that is none": [
    "generate",
    { model: "tiny", prompt: "a", format: "yaml" },
    400,
    /^format: .*"json"/,
  ],
  "a format that is a list": ["chat", { ...chatted({ role: "user" }), format: [] }, 400, /^format: /],
  "a role that is none": ["chat", chatted({ role: "robot" }), 400, /^messages\[0\]\.role: /],
  "messages that are a text": ["chat", { model: "tiny", messages: "hi" }, 400, /^messages: expected array/],
  "a picture that is no base64": [
    "chat",
    chatted({ role: "user", images: ["!!"] }),
    400,
    "messages[0].images[0]: not base64",
  ],
  "a tool without a name": [
    "chat",
    { ...chatted({ role: "user" }), tools: [{ type: "function", function: {} }] },
    400,
    /^tools\[0\]\.function\.name: /,
  ],
  "a context of old": [
    "generate",
    { model: "tiny", prompt: "a", context: [1] },
    400,
    /^context: not supported/,
  ],
  "a template": [
    "generate",
    { model: "tiny", prompt: "a", template: "{{ }}" },
    400,
    /^template: not supported/,
  ],
  logprobs: ["chat", { ...chatted({ role: "user" }), logprobs: true }, 400, "logprobs: not supported"],
  "an input of numbers": ["embed", { model: "tiny", input: [1] }, 400, /^input: /],
  "no dimension": ["embed", { model: "tiny", input: "a", dimensions: 0 }, 400, /^dimensions: /],
  "an unknown model": ["show", { model: "tini" }, 404, "model 'tini' not found"],
  "an unknown route": ["generat", {}, 404, "there is no route /api/generat"],
  "a copy to nowhere": ["copy", { source: "tiny" }, 400, "destination: is required"],
  "a blob": ["blobs/sha256:00", "bytes", 501, /blobs/],
};

describe("requests of Ollama's clients", () => {
  it.each(Object.entries(ollama))("%s", async (_name, [path, body, status, message]) => {
    const { url, provider } = await start();
    const answer = await post(`${url}/api/${path}`, body);
    const { error } = JSON.parse(answer.text) as { error: string };
    if (typeof message === "string") expect(error).toBe(message);
    else expect(error).toMatch(message);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect([...provider.generated, ...provider.chatted]).toEqual([]);
  });

  it("a schema without an end in sight", async () => {
    const { url } = await start();
    const format = `${'{"a":'.repeat(500)}1${"}".repeat(500)}`;
    const answer = await post(`${url}/api/generate`, `{"model":"tiny","prompt":"a","format":${format}}`);
    expect(answer).toMatchObject({ status: 400, text: text({ error: "format: nested more than 64 deep" }) });
  });

  it("bytes that are no UTF-8", async () => {
    const { url } = await start();
    const response = await fetch(`${url}/api/generate`, {
      method: "POST",
      body: Uint8Array.of(0x22, 0xff, 0x22),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: "the body is not UTF-8" });
  });

  it("names that objects have by themselves", async () => {
    const { url } = await start();
    for (const model of ["__proto__", "constructor", "../../etc/passwd", "\u001b[31m"]) {
      const answer = await post(`${url}/api/chat`, { model, messages: [{ role: "user", content: "?" }] });
      expect(answer.status).toBe(404);
      expect(JSON.parse(answer.text)).toEqual({ error: `model '${model}' not found` });
    }
    for (const path of ["/__proto__", "/constructor", "/api/../api/tags", "/v1/models/%zz"]) {
      const status = await statusOf(url, path);
      expect([400, 404]).toContain(status);
    }
  });

  it("a method that a route does not take", async () => {
    const { url } = await start();
    const response = await fetch(`${url}/api/chat`);
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
    expect(await response.json()).toEqual({ error: "GET is not a method of /api/chat: it takes POST" });
    expect((await fetch(`${url}/api/tags`, { method: "DELETE" })).headers.get("allow")).toBe("GET, HEAD");
  });

  it("settings that nobody heeds are answered, and named", async () => {
    const { url } = await start();
    const options = { mirostat: 2, num_thread: 4, "x\r\ny": 1, presence_penalty: 1 };
    const answer = await post(`${url}/api/generate`, { model: "tiny", prompt: "a", stream: false, options });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-ignored-options")).toBe("mirostat, presence_penalty");
  });

  it("null is as good as nothing", async () => {
    const { url, provider } = await start();
    const body = {
      model: "tiny",
      prompt: "a",
      system: null,
      options: null,
      format: null,
      images: null,
      stream: null,
    };
    expect((await post(`${url}/api/generate`, body)).status).toBe(200);
    expect(provider.generated).toEqual([{ model: "tiny", prompt: "a" }]);
  });
});

describe("requests of OpenAI's clients", () => {
  const openai: Readonly<Record<string, readonly [string, unknown, number, string]>> = {
    "no body": ["chat/completions", "", 400, "missing request body"],
    "no model": ["chat/completions", { messages: [{ role: "user", content: "a" }] }, 400, "model: "],
    "no messages": ["chat/completions", { model: "tiny", messages: [] }, 400, "messages: at least one"],
    "a number as a message": ["chat/completions", { model: "tiny", messages: [7] }, 400, "messages[0]: "],
    "arguments that are no JSON": [
      "chat/completions",
      chatted({ role: "assistant", tool_calls: [{ id: "1", function: { name: "f", arguments: "{" } }] }),
      400,
      "messages[0].tool_calls[0].function.arguments: not the text of a JSON object",
    ],
    "a sound": [
      "chat/completions",
      chatted({ role: "user", content: [{ type: "input_audio", input_audio: {} }] }),
      400,
      'messages[0].content[0]: a part of type "input_audio" is not supported: text and image_url are',
    ],
    "functions of old": [
      "chat/completions",
      { ...chatted({ role: "user", content: "a" }), functions: [] },
      400,
      "functions: replaced by tools",
    ],
    "an unknown format": [
      "chat/completions",
      { ...chatted({ role: "user", content: "a" }), response_format: { type: "xml" } },
      400,
      "response_format.type: ",
    ],
    echo: ["completions", { model: "tiny", prompt: "a", echo: true }, 400, "echo: not supported"],
    "no input": ["embeddings", { model: "tiny", input: [] }, 400, "input: "],
    "an unknown route": ["images/generations", {}, 404, "there is no route /v1/images/generations"],
  };

  it.each(Object.entries(openai))("%s", async (_name, [path, body, status, message]) => {
    const { url } = await start();
    const answer = await post(`${url}/v1/${path}`, body);
    const { error } = JSON.parse(answer.text) as { error: { message: string; type: string } };
    expect(error.message).toContain(message);
    expect(answer.status).toBe(status);
    expect(error.type).toBe(status === 404 ? "not_found_error" : "invalid_request_error");
  });
});

describe("what is too much or too slow", () => {
  it("a body above the limit, announced or not", async () => {
    const { url, provider } = await start({ maxBodyBytes: 1000 });
    const body = text({ model: "tiny", prompt: "x".repeat(100_000) });
    const announced = await post(`${url}/api/generate`, body);
    expect(announced.status).toBe(413);
    expect(announced.headers.get("connection")).toBe("close");
    expect(JSON.parse(announced.text).error).toContain("1000 bytes");
    const stream = new Blob([body]).stream();
    const chunked = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      body: stream,
      duplex: "half",
    });
    expect(chunked.status).toBe(413);
    expect(await chunked.json()).toMatchObject({ error: { type: "invalid_request_error" } });
    expect(provider.generated).toEqual([]);
    expect((await post(`${url}/api/generate`, { model: "tiny", prompt: "a", stream: false })).status).toBe(
      200,
    );
  });

  it("a packed body", async () => {
    const { url } = await start();
    expect((await post(`${url}/api/generate`, "x", { "content-encoding": "gzip" })).status).toBe(415);
  });

  it("headers that never end, and a body that never comes", async () => {
    const { server } = await start({ headersTimeoutMs: 100, requestTimeoutMs: 200 });
    const head = "POST /api/chat HTTP/1.1\r\nHost: localhost\r\n";
    for (const bytes of [head, `${head}Content-Length: 50\r\n\r\n{"model"`]) {
      expect(await spoken(server.port, bytes)).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n[\s\S]*in time/);
    }
  });

  it("headers without measure, and bytes that are no request", async () => {
    const { server } = await start();
    const long = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(40_000)}\r\n\r\n`;
    expect(await spoken(server.port, long)).toMatch(/^HTTP\/1.1 431 /);
    expect(await spoken(server.port, "\x16\x03\x01\x02\x00")).toMatch(/^HTTP\/1.1 400 /);
  });

  it("a client that leaves before its request is whole", async () => {
    const { server, records, provider } = await start();
    const socket = connectTcp(server.port, "127.0.0.1");
    socket.write("POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{", () =>
      socket.destroy(),
    );
    await expect.poll(() => records.map(({ status }) => status)).toEqual([499]);
    expect(provider.chatted).toEqual([]);
  });
});

function statusOf(url: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const sent = request({ host: hostname, port, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on("error", reject).end();
  });
}

/** What the server says to bytes before it closes the connection. */
function spoken(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const socket = connectTcp(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
    socket.on("data", (chunk) => {
      said += chunk;
    });
    socket.on("error", reject).on("close", () => resolve(said));
  });
}

describe("large requests", () => {
  it("are read off the JavaScript thread, pictures and all", async () => {
    const { url, provider } = await start();
    const images = [1, 2].map((seed) =>
      Uint8Array.from({ length: 300_000 + seed }, (_, at) => (at * seed) & 255),
    );
    const [first, second] = images.map((image) => Buffer.from(image).toString("base64"));
    const prompt = "ü".repeat(200_000);
    const body = { model: "tiny", prompt, images: [first, second], stream: false };
    expect((await post(`${url}/api/generate`, body)).status).toBe(200);
    expect(provider.generated[0]?.prompt).toBe(prompt);
    expect(
      provider.generated[0]?.images?.map((image) => Buffer.compare(image, images.shift() ?? image)),
    ).toEqual([0, 0]);
    const broken = await post(`${url}/api/generate`, { ...body, images: [first, `${second}!`] });
    expect(JSON.parse(broken.text)).toEqual({ error: "images[1]: not base64" });
    expect((await post(`${url}/api/generate`, `${JSON.stringify(body)}}`)).text).toContain(
      "the body is not JSON",
    );
  });

  it("leave what only looks like a picture alone", async () => {
    const { url, provider } = await start();
    const given = { images: ["abcd"], image_url: "abcd", source: { data: "abcd" } };
    const tool_calls = [{ function: { name: "look", arguments: given } }];
    const messages = [{ role: "assistant", tool_calls }];
    expect((await post(`${url}/api/chat`, { model: "tiny", messages, stream: false })).status).toBe(200);
    expect(provider.chatted[0]?.messages[0]?.toolCalls).toEqual([{ name: "look", arguments: given }]);
  });
});
