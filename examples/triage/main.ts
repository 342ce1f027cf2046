import { open } from "aikoryu";
import { rules } from "aikoryu/agents";
import { dimensions, eventsOf } from "./events.ts";
import { linesOf, logFiles } from "./logs.ts";
import { triageModel } from "./model.ts";
import { known, levels } from "./recipe.ts";
import { triageTeam } from "./team.ts";

await using gpu = await open();
await gpu.llm.use({ provider: "llama" });
const model = await triageModel(gpu);

const files = logFiles();
const lines = files.flatMap(linesOf);
console.log(`${lines.length} lines of ${files.map(({ path }) => path).join(", ")}`);

using router = gpu.agents.router({ dimensions });
const events = await eventsOf(router, lines);
using validator = gpu.agents.validator([rules.maxLength(2_000), rules.charset("no-controls")]);
const team = triageTeam(gpu, model, validator);
const outcome = await gpu.agents.team.run(team, { events: [...events] }, { timeoutMs: 120_000 });
if (outcome.status !== "done") throw outcome;

const { findings, refused, summary } = outcome.state;
const urgent = [...findings].sort((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level));
const rows = urgent.map(
  ({ level, count, kind, by, sample }) =>
    `${level.padEnd(5)} ${String(count).padStart(5)} x ${kind.padEnd(14)} ${by.padEnd(8)} ${sample.replace(/\s+/g, " ").slice(0, 60)}`,
);
console.log(rows.join("\n"));
console.log(`${findings.length} kinds of events, ${refused} refused by the validator: ${summary}`);
const { requests, outputTokens } = outcome.usage;
const right = findings.filter(({ kind, level }) => known[kind] === level).length;
console.log(
  `${right} of ${findings.length} judged as learned, in ${requests} answers of the model, ${outputTokens} tokens`,
);
