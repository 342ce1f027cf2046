import { describe, expect, it } from "vitest";
import { runModule } from "../support/child.js";

/** Chains of parts without names, of which only the end is disposed. */
const program = `
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { setTimeout as after } from "node:timers/promises";
import { Matrix, bindMatrix } from "#src/matrix/index.js";
import { denseStorageOf } from "#src/matrix/node.js";
import { Runtime } from "#src/runtime/index.js";
setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");
const gpu = bindMatrix(new Runtime({ adapters: async () => [] }));
const leaf = Matrix.from([1, 2, 3]);
const node = leaf.usableNode();
const end = async () => {
  const sum = gpu.add(gpu.mul(gpu.exp(leaf), 2), 1);
  const numbers = await sum.read();
  sum.dispose();
  return numbers.length;
};
const lengths = [await end(), await end()];
leaf.dispose();
const storage = denseStorageOf(node);
const before = storage.disposed;
for (let round = 0; round < 50 && !storage.disposed; round++) { gc(); await after(10); }
console.log(JSON.stringify({ lengths, before, after: storage.disposed }));
process.exit(0);
`;

describe("parts of a chain without a name", () => {
  it("let go of what they are made of when they are collected", async () => {
    const { stdout, stderr } = await runModule(program);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ lengths: [3, 3], before: false, after: true });
  });
});
