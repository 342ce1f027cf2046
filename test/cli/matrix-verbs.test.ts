import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Matrix, readNpz, writeNpy, writeNpz } from "#src/matrix/index.js";
import { aikoryu } from "./run.ts";

const folder = await mkdtemp(join(tmpdir(), "aikoryu-cli-"));
afterAll(() => rm(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

await writeNpy(path("a.npy"), Matrix.from([3, 1, 2, 6, 5, 4], [2, 3]));
await writeNpy(path("square.npy"), Matrix.from([2, 0, 0, 4], [2, 2]));
await writeNpy(path("pi.npy"), Matrix.from(Float64Array.of(Math.PI, 2 ** 53 - 1), [2], "f64"));
await writeNpy(path("half.npy"), Matrix.from(Uint16Array.of(0x3e00), [1], "f16"));
await writeNpz(path("two.npz"), { first: Matrix.from([[1, 2]]), second: Matrix.from([[3, 4]]) });

async function json(...args: readonly string[]) {
  const { status, stdout } = await aikoryu(["matrix", ...args, "--json", "--placement", "cpu"]);
  return { status, value: JSON.parse(stdout) };
}

describe("matrix verbs", () => {
  it("converts without narrowing", async () => {
    const { value } = await json("convert", path("pi.npy"), "-o", path("pi.npz"));
    expect(value).toMatchObject({ shape: [2], dtype: "f64" });
    const { result } = await readNpz(path("pi.npz"), { dtype: "stored" });
    expect(await result?.read()).toEqual(Float64Array.of(Math.PI, 2 ** 53 - 1));
    const half = await json("convert", path("half.npy"));
    expect(half.value).toMatchObject({ dtype: "f16", values: [1.5] });
  });

  it.each([
    [["sum", "a.npy", "--axis", "-1"], [6, 15], [2]],
    [
      ["max", "a.npy", "--axis", "0", "--keep-dims"],
      [6, 5, 4],
      [1, 3],
    ],
    [
      ["sort", "a.npy", "--descending"],
      [3, 2, 1, 6, 5, 4],
      [2, 3],
    ],
    [
      ["transpose", "a.npy"],
      [3, 6, 1, 5, 2, 4],
      [3, 2],
    ],
    [
      ["add", "a.npy", "a.npy"],
      [6, 2, 4, 12, 10, 8],
      [2, 3],
    ],
    [
      ["inverse", "square.npy"],
      [0.5, 0, 0, 0.25],
      [2, 2],
    ],
    [
      ["mul", "two.npz#first", "two.npz#second"],
      [3, 8],
      [1, 2],
    ],
  ])("%s", async ([name, ...args], values, shape) => {
    const files = args.map((arg) => (arg.includes(".np") ? path(arg) : arg));
    const { status, value } = await json(name ?? "", ...files);
    expect(value).toMatchObject({ shape, values });
    expect(status).toBe(0);
  });

  it("writes several results into one archive", async () => {
    const { status, value } = await json("topK", path("a.npy"), "--k", "2", "-o", path("top.npz"));
    expect([status, value.results.map(({ name }: { name: string }) => name)]).toEqual([
      0,
      ["values", "indices"],
    ]);
    const { values } = await readNpz(path("top.npz"));
    expect(await values?.toArray()).toEqual([
      [3, 2],
      [6, 5],
    ]);
  });

  it.each([
    [["svg", "a.npy"], "Did you mean svd?"],
    [["solve", "a.npy"], "solve takes 2 files, not 1"],
    [["sum", "a.npy", "--k", "2"], "sum does not take --k"],
    [["sum", "a.npy", "--axis", "x"], "not a whole number"],
    [["exp", "two.npz"], "holds 2 arrays: first, second"],
    [["exp", "a.npy", "-o", "a.txt"], "written as .npy or .npz"],
    [["svd", "square.npy", "-o", "svd.npy"], "do not fit into one .npy file"],
  ])("%s is a usage error", async (args, message) => {
    const files = args.map((arg) => (/\.np[yz]$/.test(arg) ? path(arg) : arg));
    const { status, stderr } = await aikoryu(["matrix", ...files]);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });
});
