import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { openOllamaCli, type Piece } from "#src/llm/index.js";
import { AnswerText } from "#src/llm/ollama-cli/answer-text.js";
import { pulledProgress } from "#src/llm/ollama-cli/tables.js";
import { runModule } from "../support/child.ts";
import { failure } from "../support/errors.ts";
import { FakeCommand } from "../support/ollama/command.ts";

const fake = await FakeCommand.make();
const cli = await openOllamaCli({ command: fake.path });
afterAll(() => fake[Symbol.asyncDispose]());
beforeEach(() => fake.set({}));

async function all(pieces: AsyncIterable<Piece>): Promise<readonly Piece[]> {
  const found: Piece[] = [];
  for await (const piece of pieces) found.push(piece);
  return found;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const prompt = { model: "tiny", prompt: "one two three" };

it("blanks without end cost time by their number, not by its square", () => {
  const answer = new AnswerText("x");
  const blanks = "\n".repeat(2_000_000);
  expect(answer.push(Buffer.from(`a${blanks}b`))).toBe(`a${blanks}b`);
  expect(answer.push(Buffer.from("\n\n\n")) + answer.end()).toBe("\n");
  expect(pulledProgress(`pulling${" ".repeat(2_000_000)}x`)?.status).toBe("pulling");
});

describe("the ollama command", () => {
  it("answers from stdin, streamed, with its own two line ends taken off, and says what it took", async () => {
    const pieces = await all(cli.generate({ ...prompt, prompt: "-x two\n\n\nthree é" }));
    expect(pieces.map(({ text }) => text).join("")).toBe("é two\n\n\nthree -x");
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.at(-1)?.done).toEqual({
      reason: "stop",
      usage: {
        promptTokens: 26,
        outputTokens: 298,
        loadMs: 50.5,
        promptMs: 130,
        outputMs: 62_000,
        totalMs: 1_500,
      },
    });
    expect((await fake.calls()).at(-1)).toEqual([
      "run",
      "--nowordwrap",
      "--verbose",
      "--hidethinking",
      "tiny",
    ]);
  });

  it("passes on what the command has flags for", async () => {
    const request = { ...prompt, format: "json", think: true, keepAliveMs: 1_500 } as const;
    await all(cli.generate(request));
    expect((await fake.calls()).at(-1)).toEqual([
      "run",
      "--nowordwrap",
      "--verbose",
      "--hidethinking",
      "--think=true",
      "--format",
      "json",
      "--keepalive",
      "1500ms",
      "tiny",
    ]);
    expect(cli.description).toBe(`The command ${fake.path} 0.33.0`);
  });

  it("renders a conversation as one prompt", async () => {
    const messages = [
      { role: "system", content: "Be brief" },
      { role: "user", content: "Hi" },
    ] as const;
    const pieces = await all(cli.chat({ model: "tiny", messages }));
    expect(pieces.map(({ text }) => text).join("")).toBe("Hi\n\nAssistant: brief\n\nUser: Be System:");
  });

  it("lists, shows, says what runs, loads, unloads and pulls", async () => {
    const [first] = await cli.models();
    expect(first).toMatchObject({ name: "tiny:latest", bytes: 2e9, digest: "a80c4f17acd5" });
    expect(await cli.show("tiny")).toMatchObject({
      family: "llama",
      parameters: "3.2B",
      contextLength: 131_072,
      quantization: "Q4_K_M",
      capabilities: ["completion", "tools"],
    });
    expect(await cli.running()).toMatchObject([
      { name: "tiny:latest", bytes: 4e9, gpuBytes: 3e9, contextLength: 4096 },
      { name: "tiny:1b", bytes: 1e9, gpuBytes: 1e9, contextLength: 8192, expiresAt: undefined },
    ]);
    await cli.load("tiny", { keepAliveMs: Infinity });
    await cli.load("tiny", { keepAliveMs: 0 });
    const calls = await fake.calls();
    expect(calls).toContainEqual(["run", "--keepalive", "-1s", "tiny"]);
    expect(calls.at(-1)).toEqual(["stop", "tiny"]);
    const progress = [];
    for await (const each of cli.pull("fresh:1b")) progress.push(each);
    expect(progress).toContainEqual({
      status: "pulling 6a0746a1ec1a...",
      completedBytes: 1e9,
      totalBytes: 1e9,
    });
    expect(progress.at(-1)?.status).toBe("success");
    expect((await cli.models()).map(({ name }) => name)).toContain("fresh:1b");
  });

  it("never downloads what is not there", async () => {
    const before = (await fake.calls()).length;
    const error = await failure(() => all(cli.generate({ ...prompt, model: "absent" })), "MODEL_NOT_FOUND");
    expect(error.message).toContain('no model "absent"');
    await failure(() => cli.load("absent"), "MODEL_NOT_FOUND");
    await failure(() => cli.show("absent"), "MODEL_NOT_FOUND");
    const calls = (await fake.calls()).slice(before);
    expect(calls).toEqual([["list"], ["list"], ["list"]]);
    expect(await fake.file("pulled")).toBeUndefined();
  });

  it.each(["--insecure", "-h", "a b", "a\nb", "../../x y", ""])("refuses %j as a model", async (model) => {
    await failure(() => all(cli.generate({ ...prompt, model })), "INVALID_ARGUMENT");
  });

  it("says what only HTTP can do", async () => {
    await failure(() => cli.embed({ model: "tiny", input: ["x"] }), "UNSUPPORTED");
    for (const extra of [
      { format: { type: "object" } },
      { suffix: "x" },
      { images: [new Uint8Array(1)] },
      { raw: true },
      { sampling: { temperature: 0 } },
    ]) {
      await failure(() => all(cli.generate({ ...prompt, ...extra })), "UNSUPPORTED");
    }
    const messages = [{ role: "user", content: "x" }] as const;
    const tools = [{ name: "t", parameters: {} }];
    await failure(() => all(cli.chat({ model: "tiny", messages, tools })), "UNSUPPORTED");
  });

  it("answers more calls at once than it runs processes", async () => {
    const asked = Array.from({ length: 10 }, (_, at) => all(cli.generate({ ...prompt, prompt: `a ${at}` })));
    const texts = (await Promise.all(asked)).map((pieces) => pieces.map(({ text }) => text).join(""));
    expect(texts).toEqual(asked.map((_, at) => `${at} a`));
  });

  it("takes terminal codes out of the answer", async () => {
    await fake.set({ faults: { run: "escapes" } });
    const pieces = await all(cli.generate(prompt));
    expect(pieces.map(({ text }) => text).join("")).toBe("red plain end");
  });
});

describe("a command that fails", () => {
  it.each([
    ["down", "CONNECTION_FAILED", "could not connect"],
    ["busy", "SERVER_BUSY", "server busy"],
    ["memory", "SERVER_FAILED", "more system memory"],
    ["flag", "UNSUPPORTED", "unknown flag"],
    ["binary", "PROTOCOL_VIOLATION", "not UTF-8"],
    ["silent", "SERVER_FAILED", "code 3"],
    ["killed", "SERVER_FAILED", "SIGKILL"],
    ["flood", "RESULT_TOO_LARGE", "wrote more than"],
    ["midway", "SERVER_FAILED", "CUDA error"],
  ] as const)("%s: %s", async (fault, code, text) => {
    await fake.set({ faults: { run: fault } });
    const error = await failure(() => all(cli.generate(prompt)), code);
    expect(error.message).toContain(text);
  });

  it.each(["list", "ps", "show"] as const)("prints garbage for %s", async (verb) => {
    await fake.set({ faults: { [verb]: "garbage" } });
    const ask = { list: () => cli.models(), ps: () => cli.running(), show: () => cli.show("tiny") }[verb];
    await failure(ask, "PROTOCOL_VIOLATION");
  });

  it("pulls what nobody has", async () => {
    const pull = async () => {
      for await (const _ of cli.pull("unknown")) {
      }
    };
    await failure(pull, "MODEL_NOT_FOUND");
  });

  it("is not there, or not a program", async () => {
    await failure(() => openOllamaCli({ command: "no-such-command-anywhere" }), "ENGINE_MISSING");
    await failure(() => openOllamaCli({ command: join(fake.folder, "config.json") }), "ENGINE_MISSING");
  });

  it.each(["garbage", "down"] as const)("is no provider when it is %s", async (fault) => {
    await fake.set({ faults: { list: fault } });
    const code = fault === "down" ? "CONNECTION_FAILED" : "PROTOCOL_VIOLATION";
    await failure(() => openOllamaCli({ command: fake.path }), code);
  });

  it("hangs, and dies with all it started when the caller aborts", async () => {
    await fake.set({ faults: { run: "hang" } });
    const controller = new AbortController();
    const pieces = cli.generate(prompt, { signal: controller.signal })[Symbol.asyncIterator]();
    expect((await pieces.next()).value).toEqual({ text: "one " });
    const pids: number[] = JSON.parse((await fake.file("pids")) ?? "[]");
    expect(pids.map(isAlive)).toEqual([true, true]);
    const next = pieces.next();
    controller.abort();
    await failure(() => next, "ABORTED");
    await expect.poll(() => pids.map(isAlive), { timeout: 20_000 }).toEqual([false, false]);
  });

  it("dies with the process that started it", async () => {
    await fake.set({ faults: { run: "hang" } });
    const ended = await runModule(
      `import { openOllamaCli } from "#src/llm/index.js";
       const cli = await openOllamaCli();
       for await (const { text } of cli.generate({ model: "tiny", prompt: "x" })) {
         process.stdout.write(text);
         process.exit(0);
       }`,
      { AIKORYU_OLLAMA: fake.path },
    );
    expect([ended.stdout, ended.stderr]).toEqual(["one ", ""]);
    const pids: number[] = JSON.parse((await fake.file("pids")) ?? "[]");
    await expect.poll(() => pids.map(isAlive), { timeout: 20_000 }).toEqual([false, false]);
  });

  it("dies when the caller leaves early", async () => {
    await fake.set({ faults: { run: "hang" } });
    for await (const _ of cli.generate(prompt)) break;
    const pids: number[] = JSON.parse((await fake.file("pids")) ?? "[]");
    await expect.poll(() => pids.map(isAlive), { timeout: 20_000 }).toEqual([false, false]);
  });
});
