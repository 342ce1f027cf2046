import { suggest } from "../core/suggest.ts";
import { type Invocation, UsageError } from "./command.ts";

export function nnUsage(message: string, lead = ""): UsageError {
  return new UsageError(message, `${lead}See: aikoryu nn --help`);
}

/** The option's value where it is one of `choices`. */
export function choiceOf<T extends string>(
  invocation: Invocation,
  option: string,
  choices: readonly T[],
): T | undefined {
  const given = invocation.text(option);
  if (given === undefined) return undefined;
  const choice = choices.find((name) => name === given);
  if (choice !== undefined) return choice;
  const near = suggest(given, choices);
  throw nnUsage(`There is no ${option} "${given}"`, near && `Did you mean ${near}? `);
}
