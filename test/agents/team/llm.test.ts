import { describe, expect, it } from "vitest";
import { z } from "zod";
import { bindAgents } from "#src/agents/index.js";
import { bindLlm, type ChatRequest, type Provider } from "#src/llm/index.js";
import { Runtime } from "#src/runtime/index.js";
import { scripted } from "./scripted.ts";

/** A provider whose models say what they are told to. */
function providerOf(source: ReturnType<typeof scripted>): Provider {
  return {
    name: "scripted",
    description: "a script",
    chat: (request: ChatRequest, options) => source.chat(request, options),
    models: async () => [{ name: "m", bytes: undefined, modifiedAt: undefined }],
    show: async (name) => ({ name, bytes: undefined, modifiedAt: undefined }),
    running: async () => [],
    load: async () => {},
    [Symbol.asyncDispose]: async () => {},
  } as Partial<Provider> as Provider;
}

describe("gpu.agents.team", () => {
  it("asks gpu.llm, whose own check of an answer leaves the retries to the agent", async () => {
    const source = scripted(['{"label":1}', '{"label":"ok"}']);
    const runtime = new Runtime({ adapters: async () => [] });
    const llm = bindLlm(runtime, { provider: providerOf(source) });
    const { team } = bindAgents(runtime, llm);
    const labels = team.agent({ name: "a", model: "m", output: z.object({ label: z.string() }) });
    const outcome = await team.run(labels, "hi");
    expect(outcome).toMatchObject({ output: { label: "ok" }, attempts: [{ text: '{"label":1}' }] });
    expect(source.requests).toHaveLength(2);
    await llm[Symbol.asyncDispose]();
    await runtime.dispose();
  });
});
