import type { Gpu } from "aikoryu";
import type { Validator } from "aikoryu/agents";
import { z } from "zod";
import type { LogEvent } from "./events.ts";
import { levels, prompts, readers, type Specialist, specialists } from "./recipe.ts";

const level = z.enum(levels);
const event = z.object({ program: z.string(), kind: z.string(), count: z.number(), sample: z.string() });
const finding = event.extend({ level, by: z.enum(specialists) });
export type Finding = z.infer<typeof finding>;

/** A router, three specialists, a validator and a summariser around one model, as a workflow. */
export function triageTeam(gpu: Gpu, model: string, validator: Validator) {
  const { agent, defineState, workflow } = gpu.agents.team;
  const speaks = { model, sampling: { temperature: 0, maxTokens: 24 } };
  const router = agent({ ...speaks, name: "router", output: z.object({ to: z.enum(specialists) }) });
  const specialist = (name: Specialist) => agent({ ...speaks, name, output: z.object({ level }) });
  const experts = {
    packages: specialist("packages"),
    builds: specialist("builds"),
    system: specialist("system"),
  };
  const summariser = agent({
    ...speaks,
    name: "summariser",
    guardrails: { output: [{ name: "validator", check: (text) => validator.check(text) }] },
  });

  const state = defineState({
    events: { schema: z.array(event), initial: [] },
    refused: { schema: z.number(), initial: 0, reduce: "add" },
    findings: { schema: z.array(finding), initial: [], reduce: "append" },
    summary: { schema: z.string(), initial: "" },
  });
  return workflow({
    name: "triage",
    state,
    nodes: {
      screen: async ({ events }) => {
        const verdicts = await validator.validate(events.map(({ sample }) => sample));
        const passed = events.filter((_, at) => verdicts[at]?.ok);
        return { events: passed, refused: events.length - passed.length };
      },
      triage: async (_, { input, run }) => {
        const one = input as LogEvent;
        const program = one.program in readers && one.kind !== "other event" ? one.program : "other";
        const { to } = (await run(router, prompts.reader(program))).output;
        const { output } = await run(experts[to], prompts.level(one.kind));
        return { findings: { ...one, ...output, by: to } };
      },
      summarise: async ({ findings }, { run }) => {
        const worst = findings.map((found) => levels.indexOf(found.level));
        const said = await run(summariser, prompts.summary(levels[Math.max(0, ...worst)] ?? "info"));
        return { summary: said.text };
      },
    },
    edges: {
      start: "screen",
      screen: ({ events }) =>
        events.length === 0 ? "summarise" : events.map((input) => ({ node: "triage", input })),
      triage: "summarise",
    },
  });
}
