import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { aikoryu } from "./run.ts";

const folder = await mkdtemp(join(tmpdir(), "aikoryu-cli-"));
const path = (name: string) => join(folder, name);
const trips = path("trips.csv");
await writeFile(
  trips,
  [
    "city,distance,hours,day",
    "New York,3.5,1,2024-01-31",
    "Boston,4,2,2024-02-01",
    "New York,10,2.5,2024-02-02",
    ",1,1,2024-02-03",
  ].join("\n"),
);

async function values(...args: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await aikoryu(["data", ...args, "--json"]);
  expect({ status, stderr: stderr.includes("error") }).toEqual({ status: 0, stderr: false });
  return JSON.parse(stdout).values;
}

describe("data", () => {
  it("filters, derives, groups, sorts and limits", async () => {
    const found = await values(
      trips,
      "--filter",
      "distance > 1",
      "--derive",
      "speed=distance / hours",
      "--group-by",
      "city, month(day) as month",
      "--agg",
      "count() as trips, max(speed) as fastest",
      "--sort",
      "fastest desc",
      "--limit",
      "2",
    );
    expect(found).toEqual([
      { city: "New York", month: 2, trips: 1, fastest: 4 },
      { city: "New York", month: 1, trips: 1, fastest: 3.5 },
    ]);
  });

  it("reads several files, selects expressions, and keeps rows that differ", async () => {
    const found = await values(trips, trips, "--select", "city, distance * 2 as twice", "--distinct");
    expect(found).toHaveLength(4);
    expect(found).toContainEqual({ city: null, twice: 2 });
  });

  it.each(["parquet", "csv", "ndjson", "arrow"])("writes .%s and reads it again", async (ending) => {
    const output = path(`long.${ending}`);
    const written = await aikoryu(["data", trips, "--filter", "distance >= 4", "--to", output, "--json"]);
    expect(JSON.parse(written.stdout)).toMatchObject({ output, rows: 2 });
    expect(await values(output, "--select", "city, distance")).toEqual([
      { city: "Boston", distance: 4 },
      { city: "New York", distance: 10 },
    ]);
  });

  it("shows a table that fits 80 columns", async () => {
    const { stdout } = await aikoryu(["data", trips, "--limit", "2"]);
    expect(stdout).toContain("New York");
    expect(stdout).toContain("2 rows, 4 columns");
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("shows types, statistics and the plan", async () => {
    expect((await aikoryu(["data", trips, "--schema"])).stdout).toMatch(/distance\s+float64/);
    expect((await aikoryu(["data", trips, "--describe"])).stdout).toContain("Boston");
    const plan = await aikoryu(["data", trips, "--filter", "distance > 3", "--explain"]);
    expect(plan.stdout).toContain("where distance > 3");
  });

  it("shows hostile text harmlessly", async () => {
    await writeFile(path("hostile.csv"), "a\n\u001b[2J\u001b]0;title\u0007x\n");
    const { stdout } = await aikoryu(["data", path("hostile.csv")]);
    expect(stdout).not.toContain("\u001b");
    expect(stdout).not.toContain("\u0007");
  });

  it.each([
    [["data"], 2, "data needs a file"],
    [["data", trips, "--limit", "x"], 2, "--limit"],
    [["data", trips, "--derive", "speed"], 2, "NAME=EXPR"],
    [["data", trips, "--placement", "gpuu"], 2, "Did you mean gpu?"],
    [["data", trips, "--fliter", "x"], 2, "Did you mean --filter?"],
    [["data", trips, "--to", path("a.xls")], 1, "a.xls"],
    [["data", trips, "--filter", "distnce > 3"], 1, 'Did you mean "distance"?'],
    [["data", trips, "--filter", "distance >"], 1, "column 11"],
    [["data", trips, "--agg", "summ(distance)"], 1, "sum"],
    [["data", path("tripz.csv")], 1, "FILE_NOT_FOUND"],
    [["data", folder], 1, "error"],
  ])("explains %j", async (args, expected, message) => {
    const { status, stderr, stdout } = await aikoryu(args);
    expect({ status, stdout }).toEqual({ status: expected, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("leaves no half file where a row is wrong", async () => {
    await writeFile(path("bad.csv"), `n\n${"1\n".repeat(50_000)}x\n`);
    const { status, stderr } = await aikoryu([
      "data",
      path("bad.csv"),
      "--derive",
      "m=cast(n as int64)",
      "--to",
      path("bad.parquet"),
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/INVALID_(VALUE|FILE)/);
    expect((await readdir(folder)).filter((name) => name.includes("bad.parquet"))).toEqual([]);
  });

  it("replaces a file only when all is done", async () => {
    await writeFile(path("kept.csv"), "before");
    const { status } = await aikoryu([
      "data",
      trips,
      "--derive",
      "n=cast(city as int64)",
      "--to",
      path("kept.csv"),
    ]);
    expect(status).toBe(1);
    expect(await readFile(path("kept.csv"), "utf8")).toBe("before");
  });
});
