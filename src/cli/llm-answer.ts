import { harmlessLines } from "../core/display-text.ts";
import type { Answer, Reply } from "../llm/index.ts";
import type { Invocation } from "./command.ts";
import { showPieces } from "./llm-text.ts";

/** Shows an answer as it comes, or with `--json` as one value when it is whole. */
export async function showAnswer(reply: Reply<unknown>, { terminal, flag }: Invocation): Promise<Answer> {
  if (!flag("json")) await showPieces(reply, process.stdout);
  const answer = await reply;
  const { report, ...whole } = answer;
  terminal.json({ ...whole, report });
  for (const { name, arguments: given } of answer.toolCalls) {
    terminal.print(harmlessLines(`${name}(${JSON.stringify(given)})`));
  }
  if (flag("verbose") && !flag("json")) process.stderr.write(`${harmlessLines(speedOf(answer))}\n`);
  return answer;
}

function speedOf({ model, provider, usage, report, reason }: Answer): string {
  const known = (value: number | undefined, digits = 0) =>
    value === undefined ? "?" : value.toFixed(digits);
  return [
    `${model} by ${provider}, ended by ${reason}`,
    `prompt ${known(usage.promptTokens)} tokens, ${known(report.promptTokensPerSecond)}/s`,
    `answer ${known(usage.outputTokens)} tokens, ${known(report.outputTokensPerSecond)}/s`,
    `first after ${known(report.firstPieceMs)} ms, all in ${known(report.totalMs)} ms`,
  ].join("; ");
}
