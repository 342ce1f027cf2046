import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Matrix, readNpy, writeNpy } from "#src/matrix/index.js";
import { aikoryu } from "./run.ts";

const folder = await mkdtemp(join(tmpdir(), "aikoryu-cli-"));
const path = (name: string) => join(folder, name);

describe("matrix multiply", () => {
  it("multiplies two files", async () => {
    await writeNpy(
      path("a.npy"),
      Matrix.from([
        [1, 2],
        [3, 4],
      ]),
    );
    await writeNpy(
      path("b.npy"),
      Matrix.from([
        [5, 6],
        [7, 8],
      ]),
    );
    const args = [
      "matrix",
      "multiply",
      path("a.npy"),
      path("b.npy"),
      "-o",
      path("c.npy"),
      "--transpose-b",
      "--json",
    ];
    const { status, stdout } = await aikoryu(args);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ shape: [2, 2], report: { operation: "matrix.multiply" } });
    expect(await (await readNpy(path("c.npy"))).toArray()).toEqual([
      [17, 23],
      [39, 53],
    ]);
  });

  it("refuses shapes that do not fit and leaves no file", async () => {
    await writeNpy(path("d.npy"), Matrix.from([[1, 2, 3]]));
    const { status, stderr } = await aikoryu([
      "matrix",
      "multiply",
      path("d.npy"),
      path("d.npy"),
      "-o",
      path("e.npy"),
    ]);
    expect(status).toBe(1);
    expect(stderr).toContain("INVALID_ARGUMENT");
    expect((await readdir(folder)).filter((name) => name.includes("e.npy"))).toEqual([]);
  });

  it("refuses a damaged file", async () => {
    await writeFile(path("bad.npy"), "not numpy");
    const { status, stdout } = await aikoryu([
      "matrix",
      "multiply",
      path("bad.npy"),
      path("bad.npy"),
      "-o",
      path("f.npy"),
      "--json",
    ]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "INVALID_FILE" } });
  });
});
