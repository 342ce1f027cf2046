import { z } from "zod";
import { suggest } from "../../core/suggest.ts";
import { AikoError } from "../../errors.ts";
import { type AnyAgent, agent } from "./agent.ts";
import { callback } from "./callback.ts";
import type { ChatSource } from "./chat-source.ts";
import type { ChatView } from "./group-chat.ts";
import type { TaskContext } from "./step.ts";
import { checkCount } from "./text.ts";

/** Who speaks next, as a function says; undefined ends the chat. */
export type SelectFunction = (view: ChatView) => string | undefined | Promise<string | undefined>;

export interface ModelSelection {
  readonly model: string;
  readonly provider?: ChatSource | undefined;
  /** Besides the list of who may speak. */
  readonly instructions?: string | undefined;
  /** Whether it may end the chat. Default true. */
  readonly mayEnd?: boolean | undefined;
  readonly retries?: number | undefined;
}

/** In turn, at random but the same for the same seed, as a function says, or as a model says. */
export type Selection = "round-robin" | { readonly random: number } | SelectFunction | ModelSelection;

/** The next speaker's name; null ends the chat. */
export type Selector = (view: ChatView, context: TaskContext) => Promise<string | null>;

export function selectorOf(selection: Selection, agents: readonly AnyAgent[], chat: string): Selector {
  const names = agents.map(({ name }) => name);
  const nth = (at: number) => names[at % names.length] as string;
  if (selection === "round-robin") return async ({ round }) => nth(round);
  if (typeof selection === "function") {
    return async (view) => {
      const name = await callback(`The selection of the chat "${chat}"`, () => selection(view));
      if (name !== undefined && !names.includes(name)) throw unknownSpeaker(name, names, chat);
      return name ?? null;
    };
  }
  if ("random" in selection) {
    checkCount(selection.random, 0, `The seed of the chat "${chat}"`);
    return async ({ entries }) => nth(mixed(selection.random, entries.length));
  }
  return modelSelector(selection, agents, chat);
}

function modelSelector(selection: ModelSelection, agents: readonly AnyAgent[], chat: string): Selector {
  const { mayEnd = true, instructions = "" } = selection;
  const names = agents.map(({ name }) => name);
  const listed = agents.map(
    ({ name, description }) => `- ${name}${description === undefined ? "" : `: ${description}`}`,
  );
  const ending = mayEnd ? '\nSay "end" when there is nothing left to say.' : "";
  const chooser = agent({
    name: `${chat.slice(0, 55)}-speaker`,
    model: selection.model,
    provider: selection.provider,
    retries: selection.retries,
    instructions:
      `${instructions}\nSay who speaks next in this conversation:\n${listed.join("\n")}${ending}`.trim(),
    output: z.object({ next: z.enum(mayEnd ? [...names, "end"] : names) }),
  });
  return async ({ entries }, { run }) => {
    const { output } = await run(chooser, entries.map(({ from, text }) => `${from}: ${text}`).join("\n"));
    return output.next === "end" ? null : output.next;
  };
}

/** The nth of a sequence of 32-bit numbers that look random: SplitMix's finalizer by Steele, Lea and Flood, 2014. */
function mixed(seed: number, n: number): number {
  let z = (seed + Math.imul(n + 1, 0x9e3779b9)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

function unknownSpeaker(name: string, names: readonly string[], chat: string): AikoError {
  const near = suggest(name, names);
  return new AikoError("AGENT_NOT_FOUND", {
    message: `"${name}" was to speak next in the chat "${chat}", where nobody is called so`,
    hint: near === undefined ? `There are ${names.join(", ")}.` : `Did you mean "${near}"?`,
  });
}
