import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { invocation, parse, UsageError } from "#src/cli/command.js";
import { llm as command } from "#src/cli/llm.js";
import { createTerminal } from "#src/cli/terminal.js";
import { type LlmServer, serveLlm } from "#src/server/index.js";
import { ScriptedProvider, usage, words } from "../support/scripted-provider.js";
import { findTool, itWith } from "../support/tools.js";
import { aikoryu } from "./run.ts";

const program = fileURLToPath(new URL("../../bin/aikoryu.js", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "aikoryu-cli-llm-"));
const withTerminal = itWith(
  "script",
  process.platform === "linux"
    ? findTool("script", ["-qec", "true", "/dev/null"])
    : "another script than Linux's",
);
const hostile = "\x1b[2J\x9b31mred\r\n\ttab\x07 \u202eback";
const shown = "\\x1b[2J\\x9b31mred\n\ttab\\x07 \\u{202e}back";
let provider = new ScriptedProvider();
let server: LlmServer;
let env: Record<string, string> = {};

beforeAll(async () => {
  server = await serveLlm(
    {
      generate: (...given) => provider.generate(...given),
      chat: (...given) => provider.chat(...given),
      embed: (request) => provider.embed(request),
      models: () => provider.models(),
      show: (model) => provider.show(model),
      running: () => provider.running(),
      load: (...given) => provider.load(...given),
      pull: (...given) => provider.pull(...given),
    },
    { port: 0 },
  );
  env = { OLLAMA_HOST: server.url, AIKORYU_DEVICE: "cpu", AIKORYU_OLLAMA: "/nowhere", AIKORYU_MODELS: "" };
});

afterEach(() => {
  provider = new ScriptedProvider();
});

afterAll(async () => {
  await server.close({ graceMs: 0 });
  await rm(folder, { recursive: true });
});

const llm = (args: readonly string[], input = "", more: NodeJS.ProcessEnv = {}) =>
  aikoryu(["llm", ...args], input, { ...env, ...more });

describe("llm generate and chat", () => {
  it("answer a prompt of the command line and of standard input", async () => {
    const settings = [
      "--temperature",
      "0",
      "--seed",
      "-3",
      "--stop",
      "a",
      "--stop",
      "b",
      "--keep-alive",
      "5m",
    ];
    const [line, input, both] = await Promise.all([
      llm(["generate", "Grüße,", "世界", "-m", "tiny", "--system", "kind", ...settings]),
      llm(["generate"], "from stdin\n"),
      llm(["chat", "Sum up:", "-"], "a text"),
    ]);
    expect(line).toEqual({ status: 0, stdout: "You said: Grüße, 世界\n", stderr: "" });
    expect(input).toEqual({ status: 0, stdout: "You said: from stdin\n", stderr: "" });
    expect(both).toEqual({ status: 0, stdout: "You said: Sum up: a text\n", stderr: "" });
    const asked = provider.generated.find(({ system }) => system === "kind");
    expect(asked).toMatchObject({
      model: "tiny",
      keepAliveMs: 300_000,
      sampling: { temperature: 0, seed: -3, stop: ["a", "b"] },
    });
    expect(provider.chatted[0]?.messages).toEqual([{ role: "user", content: "Sum up: a text" }]);
  });

  it("print everything as JSON, and hold the answer to a schema", async () => {
    const schema = { type: "object", properties: { a: { type: "number" } }, required: ["a"] };
    await writeFile(join(folder, "schema.json"), JSON.stringify(schema));
    provider.onChat = () => words('{"a": 1}');
    const args = ["chat", "?", "-m", "tiny", "--format", join(folder, "schema.json"), "--json"];
    const { status, stdout } = await llm(args);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      text: '{"a": 1}',
      value: { a: 1 },
      reason: "stop",
      provider: "ollama",
      model: "tiny",
      usage: { promptTokens: 7, outputTokens: 3 },
      report: { kind: "chat" },
    });
    expect(provider.chatted[0]?.format).toEqual(schema);
  });

  it("let no text of a model reach the terminal as it is", async () => {
    provider.onGenerate = async function* () {
      for (const character of hostile) yield { text: character };
      yield { text: "", done: { reason: "stop", usage } };
    };
    const name = "\x1b[31mred:latest";
    provider.known = [{ name, bytes: 1, modifiedAt: undefined, digest: "x" }];
    const [plain, json, listed] = await Promise.all([
      llm(["generate", "?", "-m", name]),
      llm(["generate", "?", "-m", name, "--json"]),
      llm(["list"]),
    ]);
    expect(plain.stdout).toBe(`${shown}\n`);
    expect(JSON.parse(json.stdout).text).toBe(hostile);
    expect(listed.stdout).toContain("\\x1b[31mred:latest");
    for (const { stdout } of [plain, json, listed]) {
      for (const character of "\x1b\x9b\x07\u202e") expect(stdout).not.toContain(character);
    }
  });

  it("suggest a model for a name that is none", async () => {
    const { status, stderr } = await llm(["generate", "?", "-m", "tniy"]);
    expect(status).toBe(1);
    expect(stderr).toContain('Did you mean "tiny"?');
    expect(stderr).toContain("MODEL_NOT_FOUND");
  });

  it("say what is missing", async () => {
    const [nobody, json] = await Promise.all([
      llm(["generate", "?", "-m", "tiny", "--provider", "ollama"], "", { OLLAMA_HOST: "127.0.0.1:1" }),
      llm(["list", "--json", "--provider", "ollama"], "", { OLLAMA_HOST: "127.0.0.1:1" }),
    ]);
    expect(nobody).toMatchObject({ status: 1, stdout: "" });
    expect(nobody.stderr).toContain("CONNECTION_FAILED");
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout).error.code).toBe("CONNECTION_FAILED");
  });

  it("end with 130 on Ctrl-C, and what works for them ends", async () => {
    provider.onGenerate = async function* (_, { signal }) {
      yield { text: "begun" };
      await new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    };
    const child = spawn(process.execPath, [program, "llm", "generate", "?", "-m", "tiny"], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.once("data", () => child.kill("SIGINT"));
    const [status] = await once(child, "close");
    expect(status).toBe(130);
    await expect.poll(() => provider.active).toBe(0);
  });

  const wrong: Readonly<Record<string, [readonly string[], RegExp]>> = {
    "no action": [[], /needs an action/],
    "an unknown action": [["genrate"], /Did you mean generate/],
    "a temperature that is none": [["generate", "?", "--temperature", "hot"], /--temperature hot/],
    "half a token": [["generate", "?", "--max-tokens", "1.5"], /whole number/],
    "a keep-alive that is none": [["generate", "?", "--keep-alive", "soon"], /--keep-alive soon/],
    "a format that is none": [["chat", "?", "--format", "[1]"], /--format|no file/],
    "a picture that is not there": [["chat", "?", "--image", "/nowhere.png"], /no file/],
    "a provider that is none": [["list", "--provider", "ollma"], /Did you mean ollama/],
    "an argument too many": [["list", "tiny"], /takes no argument "tiny"/],
    "no model to show": [["show"], /takes one MODEL/],
    "an unknown option": [["generate", "?", "--modle", "tiny"], /--model/],
  };
  it.each(Object.entries(wrong))("refuse %s as wrong usage", async (_name, [args, message]) => {
    const parsed = () => parse("llm", args, command.options);
    const run = async () =>
      command.run(invocation(parsed(), createTerminal(false), new AbortController().signal));
    const error = await run().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message + error.hint).toMatch(message);
  });

  it("refuse an empty input", async () => {
    const { status, stderr } = await llm(["generate", "-m", "tiny"]);
    expect(stderr).toContain("standard input is empty");
    expect(status).toBe(2);
  });
});

describe("llm embed, list, ps, show, pull", () => {
  it("show what there is", async () => {
    const expiresAt = new Date("2026-12-01T00:00:00Z");
    provider.inMemory = [{ name: "tiny:latest", bytes: 1000, gpuBytes: 370, contextLength: 128, expiresAt }];
    provider.onPull = async function* () {
      yield { status: "pulling", completedBytes: 1, totalBytes: 2 };
    };
    const [embedded, lines, listed, running, info, pulled, refused] = await Promise.all([
      llm(["embed", "ab", "abc", "--json"]),
      llm(["embed"], "one\n\ntwo\n"),
      llm(["list"]),
      llm(["ps"]),
      llm(["show", "tiny", "--json"]),
      llm(["pull", "new"]),
      llm(["pull", "new", "--provider", "ollama", "--json"]),
    ]);
    const { embeddings, model } = JSON.parse(embedded.stdout);
    expect(model).toBe("tiny:latest");
    expect(embeddings.map((row: number[]) => row[3]?.toFixed(3))).toEqual(["0.894", "0.949"]);
    expect(lines.stdout).toMatch(/^one: 4 numbers: 0\.190, -0\.253, 0\.00, 0\.949\ntwo: 4 numbers: /);
    expect(listed.stdout).toMatch(/^tiny:latest +519 KB +128K +F32 +2026-11-01 +ollama$/m);
    expect(running.stdout).toMatch(
      /^tiny:latest +1\.0 KB +63%\/37% CPU\/GPU +128 +2026-12-01T00:00:00 +ollama$/m,
    );
    expect(JSON.parse(info.stdout)).toMatchObject({ family: "llama", template: "{{ .Prompt }}" });
    expect(pulled).toMatchObject({ status: 0, stdout: "new is there\n" });
    expect(JSON.parse(refused.stdout)).toEqual({ model: "new", status: "success" });
  });
});

describe("llm chat on a terminal", () => {
  withTerminal("is a conversation that remembers, forgets, and goes on after Ctrl-C", async () => {
    const command = `exec '${process.execPath}' '${program}' llm chat -m tiny --system kind`;
    const child = spawn("script", ["-qefc", command, "/dev/null"], {
      env: { ...process.env, ...env, TERM: "xterm", NO_COLOR: "1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
    });
    const prompts = () => stdout.split(">>> ").length - 1;
    const until = (text: string) => expect.poll(() => stdout, { timeout: 30_000 }).toContain(text);
    provider.onChat = async function* ({ messages }, { signal }) {
      if (messages.at(-1)?.content !== "hang") return yield* words(`You said: ${messages.at(-1)?.content}`);
      yield { text: "hanging" };
      await new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    };
    await until(">>> ");
    child.stdin.write("first\r");
    await until("You said: first");
    child.stdin.write("hang\r");
    await until("hanging");
    child.stdin.write("\x03");
    await expect.poll(() => provider.active, { timeout: 30_000 }).toBe(0);
    child.stdin.write("second\r");
    await until("You said: second");
    child.stdin.write("/clear\r");
    child.stdin.write("third\r");
    await until("You said: third");
    expect(prompts()).toBeGreaterThanOrEqual(4);
    child.stdin.write("/bye\r");
    const [status] = await once(child, "close");
    expect(status).toBe(0);
    expect(provider.chatted.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
      ["kind", "first"],
      ["kind", "first", "You said: first", "hang"],
      ["kind", "first", "You said: first", "second"],
      ["kind", "third"],
    ]);
  });
});

describe("llm serve", () => {
  it("serves what is there to official clients, says so, and ends with a signal", async () => {
    const child = spawn(
      process.execPath,
      [program, "llm", "serve", "--port", "0", "--verbose", "--token", "secret"],
      {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    await expect.poll(() => stdout, { timeout: 30_000 }).toContain("Ctrl-C ends it");
    const host = /OLLAMA_HOST=(\S+)/.exec(stdout)?.[1] ?? "";
    expect(stdout).toContain(`serves Ollama 0.33.0 at ${server.url}`);
    const ollama = new Ollama({ host, headers: { authorization: "Bearer secret" } });
    const openai = new OpenAI({ baseURL: `${host}/v1`, apiKey: "secret" });
    expect((await ollama.list()).models.map(({ name }) => name)).toEqual(["tiny:latest"]);
    expect((await ollama.generate({ model: "tiny", prompt: "a" })).response).toBe("You said: a");
    const messages = [{ role: "user" as const, content: "b" }];
    const stream = await openai.chat.completions.create({ model: "tiny", messages, stream: true });
    let text = "";
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
    expect(text).toBe("You said: b");
    await expect(ollama.generate({ model: "tni", prompt: "a" })).rejects.toMatchObject({ status_code: 404 });
    provider.onGenerate = async function* () {
      yield { text: "not json" };
      yield { text: "", done: { reason: "length", usage } };
    };
    const cut = await ollama.generate({ model: "tiny", prompt: "a", format: "json" });
    expect(cut).toMatchObject({ response: "not json", done_reason: "length" });
    await expect.poll(() => stderr).toMatch(/POST \/api\/generate 200 [\d.]+ ms tiny\n/);
    child.kill("SIGTERM");
    const [status] = await once(child, "close");
    expect(status).toBe(0);
  });

  it("refuses to be reached from elsewhere without a token", async () => {
    const { status, stderr } = await llm(["serve", "--host", "0.0.0.0", "--port", "0"], "", {
      AIKORYU_TOKEN: "",
    });
    expect(status).toBe(1);
    expect(stderr).toContain("token");
  });
});
