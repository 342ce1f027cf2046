import { harmless } from "../core/display-text.ts";
import { suggest } from "../core/suggest.ts";
import { AikoError } from "../errors.ts";
import type { Provider } from "./provider.ts";

const listed = 8;

/** MODEL_NOT_FOUND that says what is there. */
export async function modelNotFound(
  model: string,
  providers: readonly Provider[],
  away: readonly string[],
  cause: unknown,
  signal: AbortSignal,
): Promise<AikoError> {
  const lists = await Promise.allSettled(providers.map((provider) => provider.models({ signal })));
  const names = lists.flatMap((list) =>
    list.status === "fulfilled" ? list.value.map(({ name }) => harmless(name)) : [],
  );
  const near = suggest(model, [...names, ...names.map((name) => name.replace(/:latest$/, ""))]);
  const shown = names.slice(0, listed).join(", ");
  const more = names.length > listed ? ` and ${names.length - listed} more` : "";
  const parts = [
    near === undefined ? "" : `Did you mean "${near}"?`,
    names.length === 0 ? "No model is there." : `There are: ${shown}${more}.`,
    'Models are downloaded only when asked: gpu.llm.pull("NAME").',
    ...away,
  ];
  return new AikoError("MODEL_NOT_FOUND", {
    message: `No model "${model}" at ${providers.map(({ description }) => description).join(", ")}`,
    hint: parts.filter((part) => part !== "").join(" "),
    cause,
  });
}
