import { open } from "aikoryu";
import { defineMessage } from "aikoryu/agents";
import { z } from "zod";

const Line = defineMessage("log.line", z.object({ host: z.string(), text: z.string() }));
const Grade = defineMessage("grade", z.string(), z.enum(["fine", "bad"]));

await using gpu = await open();
const bus = gpu.agents.bus();

const seen = new Map<string, number>();
await bus.deadLetters(({ headers }) => console.log(`dead letter: ${headers?.["aikoryu-dead-reason"]}`));
await bus.agent({
  name: "grader",
  accepts: [Grade],
  concurrency: 4,
  handler: async ({ body }) => (/error|denied/.test(body) ? "bad" : "fine"),
});
await bus.agent({
  name: "watcher",
  accepts: [Line],
  timeoutMs: 1_000,
  handler: async ({ body: { host, text } }, context) => {
    const grade = await context.request("grader", Grade, text);
    if (grade === "bad") seen.set(host, (seen.get(host) ?? 0) + 1);
  },
});

console.log(`agents: ${(await bus.agents()).map(({ name }) => name).join(", ")}`);
for (const text of ["started", "error: disk full", "access denied"]) {
  await bus.publish(Line, { host: "web-1", text });
}
await bus.publish("log.line", "not an object");

await bus.dispose();
const { handled, failed } = bus.statistics();
console.log(`bad lines of web-1: ${seen.get("web-1")}`);
console.log(`left: ${bus.statistics().agents.length} agents, ${handled} handled, ${failed} failed`);
