import type { ServerResponse } from "node:http";
import type { FakeOllama, Received } from "./server.ts";

export const models = ["tiny:latest", "tiny:1b", "embedder:latest"];
export const version = "0.33.0";

const ending = {
  done: true,
  done_reason: "stop",
  total_duration: 40_000_000,
  load_duration: 10_000_000,
  prompt_eval_count: 5,
  prompt_eval_duration: 10_000_000,
  eval_count: 4,
  eval_duration: 20_000_000,
};

/** The words of a text in reverse order, each with the space behind it: what the models here say. */
export function wordsBack(text: string): readonly string[] {
  return text
    .split(" ")
    .reverse()
    .map((word, at, all) => (at === all.length - 1 ? word : `${word} `));
}

/** An embedding that depends on the text alone, of length one. */
export function vectorOf(text: string, dimensions = 4): readonly number[] {
  const values = Array.from(
    { length: dimensions },
    (_, at) => Math.sin(text.length + at) + text.charCodeAt(0) / 100,
  );
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

export function line(response: ServerResponse, value: unknown): void {
  response.write(`${JSON.stringify(value)}\n`);
}

type Handler = (body: Record<string, unknown>, response: ServerResponse) => void;

export function routes(fake: FakeOllama, received: Received, response: ServerResponse): void {
  const { path, body } = received;
  const model = String(body["model"] ?? "");
  const isThere = fake.models.some((name) => name === model || name === `${model}:latest`);
  const handler = handlers[path];
  if (path === "/api/version") json(response, 200, { version });
  else if (path === "/api/tags") json(response, 200, { models: fake.models.map(tagOf) });
  else if (path === "/api/ps") json(response, 200, { models: fake.models.slice(0, 1).map(loadedOf) });
  else if (path === "/api/pull") pull(fake, model, response);
  else if (handler === undefined) response.writeHead(404).end("404 page not found");
  else if (!isThere) json(response, 404, { error: `model '${model}' not found` });
  else handler(body, response);
}

const handlers: Readonly<Record<string, Handler>> = {
  "/api/show": (_, response) =>
    json(response, 200, {
      details: { family: "llama", parameter_size: "1.2B", quantization_level: "Q4_0" },
      template: "{{ .Prompt }}",
      capabilities: ["completion", "tools"],
      modified_at: "2026-01-02T03:04:05.678901234+01:00",
      model_info: { "general.architecture": "llama", "llama.context_length": 2048 },
    }),
  "/api/generate": (body, response) => {
    const prompt = String(body["prompt"] ?? "");
    if (String(body["model"]).startsWith("embedder")) {
      return json(response, 400, { error: `"${body["model"]}" does not support generate` });
    }
    if (body["stream"] === false || prompt === "") {
      return json(response, 200, { ...ending, done_reason: "load", response: "" });
    }
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    for (const word of wordsBack(prompt)) line(response, { response: word, done: false });
    line(response, { response: "", ...ending });
    response.end();
  },
  "/api/chat": (body, response) => {
    const messages = body["messages"] as { content: string }[];
    const tools = body["tools"] as { function: { name: string } }[] | undefined;
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    if (tools !== undefined) {
      const call = {
        id: "call_1",
        function: { name: tools[0]?.function.name, arguments: { city: "Rome" } },
      };
      line(response, { message: { role: "assistant", content: "", tool_calls: [call] }, done: false });
    } else {
      if (body["think"] === true) {
        line(response, { message: { role: "assistant", content: "", thinking: "hm" }, done: false });
      }
      for (const word of wordsBack(messages.at(-1)?.content ?? "")) {
        line(response, { message: { role: "assistant", content: word }, done: false });
      }
    }
    line(response, { message: { role: "assistant", content: "" }, ...ending });
    response.end();
  },
  "/api/embed": (body, response) => {
    const input = [body["input"]].flat() as string[];
    const dimensions = body["dimensions"] as number | undefined;
    if (body["truncate"] === false && input.some((text) => text.length > 1_000)) {
      json(response, 400, { error: "the input length exceeds the context length" });
      return;
    }
    json(response, 200, {
      model: body["model"],
      embeddings: input.map((text) => vectorOf(text, dimensions)),
      total_duration: 3_000_000,
      load_duration: 1_000_000,
      prompt_eval_count: input.length * 2,
    });
  },
};

function pull(fake: FakeOllama, model: string, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  line(response, { status: "pulling manifest" });
  if (model.startsWith("unknown")) {
    line(response, { error: "pull model manifest: file does not exist" });
  } else {
    line(response, { status: "pulling abc", digest: "sha256:abc", total: 200, completed: 50 });
    line(response, { status: "pulling abc", digest: "sha256:abc", total: 200, completed: 200 });
    fake.models.push(model.includes(":") ? model : `${model}:latest`);
    line(response, { status: "success" });
  }
  response.end();
}

function tagOf(name: string): object {
  return {
    name,
    model: name,
    modified_at: "2026-01-02T03:04:05Z",
    size: 1_000_000,
    digest: "a".repeat(64),
    details: { family: "llama", parameter_size: "1.2B", quantization_level: "Q4_0" },
  };
}

function loadedOf(name: string): object {
  return {
    name,
    model: name,
    size: 2_000,
    size_vram: 1_500,
    expires_at: "2318-01-01T00:00:00Z",
    context_length: 4096,
  };
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
