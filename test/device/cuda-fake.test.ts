import { expect, it } from "vitest";
import { buildFakeCuda, controlOf } from "../support/cuda/index.ts";

const built = await buildFakeCuda();

it.skipIf(typeof built === "string")("builds", () => {
  if (typeof built === "string") return;
  const control = controlOf(built);
  expect(control.stats()).toMatchObject({ contexts: 0, allocations: 0 });
});
