import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AikoError } from "#src/errors.js";
import { type LlmOptions, openOllama, type Provider } from "#src/llm/index.js";
import { failure } from "../support/errors.ts";
import { chainModel, follows } from "../support/llama/model.js";
import { FakeCommand } from "../support/ollama/command.ts";
import { family } from "../support/ollama/family.ts";
import { FakeOllama } from "../support/ollama/server.ts";

const nowhere = "http://127.0.0.1:1";
const noCommand = "no-such-command-anywhere";

async function withFamily(options: LlmOptions, work: (llm: ReturnType<typeof family>) => Promise<void>) {
  await using llm = family(options);
  await work(llm);
}

/** A provider of a user's own, with one model. */
function own(name: string, model: string): Provider {
  const missing = () => failure(() => Promise.reject(new TypeError("not asked")), "INTERNAL");
  return {
    name,
    description: `Own ${name}`,
    async *generate() {
      yield { text: name, done: { reason: "stop", usage: usage } };
    },
    async *chat(request) {
      yield { text: `${name}: ${request.messages.at(-1)?.content}`, done: { reason: "stop", usage: usage } };
    },
    embed: missing as never,
    models: async () => [{ name: model, bytes: undefined, modifiedAt: undefined }],
    show: missing as never,
    running: async () => [],
    load: async () => {},
    pull: async function* () {},
    [Symbol.asyncDispose]: async () => {},
  };
}

async function* noModel(): AsyncGenerator<never> {
  yield await Promise.reject(new AikoError("MODEL_NOT_FOUND", { message: "not here" }));
}

const usage = {
  promptTokens: 1,
  outputTokens: 1,
  loadMs: undefined,
  promptMs: undefined,
  outputMs: undefined,
  totalMs: 1,
};

describe("the choice of a provider", () => {
  it("takes Ollama over HTTP first, and does not ask its command", async () => {
    await using fake = await FakeOllama.start();
    await using command = await FakeCommand.make();
    await withFamily({ host: fake.host, command: command.path }, async (llm) => {
      const { provider, reason } = await llm.provider();
      expect([provider.name, reason]).toEqual(["ollama", "the first choice"]);
      expect((await llm.models()).every(({ provider }) => provider !== "ollama-cli")).toBe(true);
      expect(await command.calls()).toEqual([]);
    });
  });

  it("takes the command where no server is reachable, and says why", async () => {
    await using command = await FakeCommand.make();
    await withFamily({ host: nowhere, command: command.path }, async (llm) => {
      const { provider, reason } = await llm.provider();
      expect(provider.name).toBe("ollama-cli");
      expect(reason).toContain(`ollama: The Ollama server at ${nowhere} cannot be reached`);
      expect((await llm.generate({ model: "tiny", prompt: "one two" })).text).toBe("two one");
      const [model] = await llm.models();
      expect(model).toMatchObject({ name: "tiny:latest", provider: "ollama-cli" });
    });
  });

  it("takes the embedded engine where neither is there, and lists what is not when a model is missing", async () => {
    await withFamily({ host: nowhere, command: noCommand, models: [] }, async (llm) => {
      expect((await llm.provider()).provider.name).toBe("llama");
      const error = await failure(() => llm.generate({ model: "tiny", prompt: "x" }), "MODEL_NOT_FOUND");
      expect(error.hint).toContain("cannot be reached");
      expect(error.hint).toContain(noCommand);
    });
  });

  it("sends the path of a .gguf file to the embedded engine, whatever else is there", async () => {
    await using fake = await FakeOllama.start();
    await withFamily({ host: fake.host }, async (llm) => {
      await failure(() => llm.generate({ model: "/nowhere/x.gguf", prompt: "x" }), "MODEL_NOT_FOUND");
      expect(fake.of("/api/generate")).toHaveLength(0);
    });
  });

  it("answers from a folder of files, in this process, through the same calls", async () => {
    const folder = await mkdtemp(join(tmpdir(), "aikoryu-models-"));
    try {
      await writeFile(join(folder, "chain.gguf"), chainModel(follows("abc")));
      await withFamily({ host: nowhere, command: noCommand, models: folder }, async (llm) => {
        const [model] = await llm.models();
        expect(model).toMatchObject({ name: "chain", provider: "llama" });
        const reply = llm.generate({
          model: "chain",
          prompt: "a",
          sampling: { temperature: 0, maxTokens: 5 },
        });
        let text = "";
        for await (const piece of reply) text += piece.text;
        expect([text, (await reply).reason, (await reply).provider]).toEqual(["bcabc", "length", "llama"]);
        const byPath = {
          model: join(folder, "chain.gguf"),
          prompt: "b",
          sampling: { temperature: 0, maxTokens: 2 },
        };
        expect((await llm.generate(byPath)).text).toBe("ca");
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("says who is not there where nobody is", async () => {
    await withFamily(
      { provider: ["ollama", "ollama-cli"], host: nowhere, command: noCommand },
      async (llm) => {
        const error = await failure(
          () => llm.generate({ model: "tiny", prompt: "x" }, { retries: 0 }),
          "CONNECTION_FAILED",
        );
        expect(error.message).toContain("ollama-cli: The command");
        await failure(() => llm.models(), "CONNECTION_FAILED");
      },
    );
    await withFamily({ provider: "ollama-cli", command: noCommand }, async (llm) => {
      await failure(() => llm.provider(), "ENGINE_MISSING");
    });
  });

  it("asks the next one for a model that the first has not", async () => {
    await using fake = await FakeOllama.start();
    await using other = await FakeOllama.start({ models: ["other:latest"] });
    const second = await openOllama({ host: other.host });
    await withFamily({ host: fake.host, provider: ["ollama", second] }, async (llm) => {
      expect((await llm.generate({ model: "other", prompt: "a b" })).text).toBe("b a");
      expect((await llm.show("other")).provider).toBe("ollama");
      const error = await failure(() => llm.generate({ model: "othre", prompt: "a" }), "MODEL_NOT_FOUND");
      expect(error.message).toContain(`${fake.host}, Ollama 0.33.0 at ${other.host}`);
      expect(error.hint).toContain('Did you mean "other"?');
    });
  });

  it("takes a provider of the user's own, and another after use()", async () => {
    await withFamily({ provider: own("mine", "m") }, async (llm) => {
      const messages = [{ role: "user", content: "hi" }] as const;
      expect((await llm.chat({ model: "m", messages })).text).toBe("mine: hi");
      await llm.use({ provider: own("yours", "m") });
      expect((await llm.chat({ model: "m", messages })).text).toBe("yours: hi");
    });
  });

  it("asks again whether a server is there that could not be reached", async () => {
    await using fake = await FakeOllama.start();
    const options = { host: fake.host, provider: ["ollama", own("spare", "m")] } as const;
    await withFamily({ ...options, recheckMs: 0 }, async (llm) => {
      expect((await llm.provider()).provider.name).toBe("ollama");
      fake.isDown = true;
      const { provider, report } = await llm.generate({ model: "tiny", prompt: "a b" }, { retryDelayMs: 1 });
      expect([provider, report.attempts]).toEqual(["spare", 2]);
      fake.isDown = false;
      const again = await llm.generate({ model: "tiny", prompt: "a b" });
      expect([again.provider, again.text]).toEqual(["ollama", "b a"]);
    });
  });

  it("asks one that was not there after the others for a while, and still before it gives up", async () => {
    await using fake = await FakeOllama.start();
    const spare = { ...own("spare", "m"), chat: noModel };
    await withFamily({ host: fake.host, provider: ["ollama", spare] }, async (llm) => {
      fake.isDown = true;
      expect((await llm.provider()).provider.name).toBe("spare");
      fake.isDown = false;
      const asked = fake.received.length;
      expect((await llm.generate({ model: "m", prompt: "x" })).provider).toBe("spare");
      expect((await llm.provider()).reason).toContain("ollama: ");
      expect(fake.received.length).toBe(asked);
      const messages = [{ role: "user", content: "a b" }] as const;
      expect(await llm.chat({ model: "tiny", messages })).toMatchObject({ provider: "ollama", text: "b a" });
    });
  });

  it("refuses what is no provider", async () => {
    await failure(() => family({ provider: "chatgpt" as never }), "INVALID_ARGUMENT");
    await failure(() => family({ provider: [] }), "INVALID_ARGUMENT");
    await failure(() => family({ provider: [null as never] }), "INVALID_ARGUMENT");
    await failure(() => family({ host: "ftp://x" }).provider(), "INVALID_ARGUMENT");
  });

  it("honours OLLAMA_HOST and AIKORYU_OLLAMA", async () => {
    await using fake = await FakeOllama.start();
    await using command = await FakeCommand.make();
    const { OLLAMA_HOST, AIKORYU_OLLAMA } = process.env;
    try {
      process.env.OLLAMA_HOST = fake.host;
      process.env.AIKORYU_OLLAMA = command.path;
      await withFamily({}, async (llm) => {
        expect((await llm.provider()).provider.description).toContain(fake.host);
        await llm.use({ provider: "ollama-cli" });
        expect((await llm.provider()).provider.description).toContain(command.path);
      });
    } finally {
      restore("OLLAMA_HOST", OLLAMA_HOST);
      restore("AIKORYU_OLLAMA", AIKORYU_OLLAMA);
    }
  });

  it("loads, unloads and pulls where the model is", async () => {
    await using fake = await FakeOllama.start();
    await withFamily({ host: fake.host, provider: "ollama" }, async (llm) => {
      await llm.load("tiny", { keepAliveMs: 1_000 });
      await llm.unload("tiny");
      expect(fake.of("/api/generate").map(({ body }) => body["keep_alive"])).toEqual(["1000ms", 0]);
      const progress: string[] = [];
      for await (const { status } of llm.pull("fresh")) progress.push(status);
      expect(progress.at(-1)).toBe("success");
      expect((await llm.running()).map(({ provider }) => provider)).toEqual(["ollama"]);
    });
  });

  it("rejects once it is disposed", async () => {
    const llm = family({ provider: own("mine", "m") });
    await llm[Symbol.asyncDispose]();
    await failure(() => llm.generate({ model: "m", prompt: "x" }), "DISPOSED");
    await failure(() => llm.embed({ model: "m", input: "x" }), "DISPOSED");
  });
});

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
