import { expect, it } from "vitest";
import { Places } from "#src/llm/ollama-cli/places.js";
import { failure } from "../support/errors.ts";

it("lets so many in, the next in order as one leaves, and refuses one too many", async () => {
  const places = new Places(2, 2);
  const inside: string[] = [];
  const enter = async (name: string, signal?: AbortSignal) => {
    const place = await places.enter("x", signal);
    inside.push(name);
    return place;
  };
  const a = await enter("a");
  const b = await enter("b");
  const c = enter("c");
  const controller = new AbortController();
  const gone = enter("gone", controller.signal);
  await failure(() => enter("too many"), "SERVER_BUSY");
  controller.abort();
  await failure(() => gone, "ABORTED");
  await failure(() => enter("late", AbortSignal.abort()), "ABORTED");
  const d = enter("d");
  expect(inside).toEqual(["a", "b"]);
  a[Symbol.dispose]();
  a[Symbol.dispose]();
  await c;
  expect(inside).toEqual(["a", "b", "c"]);
  b[Symbol.dispose]();
  await d;
  for (const place of [await c, await d]) place[Symbol.dispose]();
  await Promise.all([enter("e"), enter("f")]);
  expect(inside).toEqual(["a", "b", "c", "d", "e", "f"]);
});
