import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parsePrometheus } from "../monitor/prometheus.ts";
import { buildFakeNvml, type FakeNvml, noFakeNvml, twoGpus } from "../support/nvml/fake.ts";
import { findTool, itWith } from "../support/tools.ts";
import { aikoryu } from "./run.ts";

const program = fileURLToPath(new URL("../../bin/aikoryu.js", import.meta.url));
const missing = noFakeNvml();
const withFake = itWith("cc", missing);
const withTerminal = itWith(
  "script",
  process.platform === "linux"
    ? findTool("script", ["-qec", "true", "/dev/null"])
    : "another script than Linux's",
);
const noDevice = { AIKORYU_DEVICE: "cpu" };
let fake: FakeNvml | undefined;

beforeAll(() => {
  if (missing !== undefined) return;
  fake = buildFakeNvml();
  fake.set({ ...twoGpus, "0.power.status": 4, "1.name": `Tesla ${"very ".repeat(20)}long\x1b[31m` });
});

afterAll(() => fake?.dispose());

/** Starts the verb, waits until `enough` of its output is there, and sends it a signal. */
async function until(args: readonly string[], enough: (stdout: string) => boolean, signal: NodeJS.Signals) {
  const env = { ...process.env, ...noDevice };
  const child = spawn(process.execPath, [program, "monitor", ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr, sent] = ["", "", false];
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
    if (!sent && enough(stdout)) {
      sent = true;
      child.kill(signal);
    }
  });
  const [status] = await once(child, "close");
  return { status, stdout, stderr };
}

describe("monitor --once", () => {
  it("shows host and program in 80 columns, and why no device is seen", async () => {
    const { status, stdout, stderr } = await aikoryu(["monitor", "--once"], "", {
      ...noDevice,
      AIKORYU_NVML: "/nowhere/nvml.so",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^host {2}\d+ cores?$/m);
    expect(stdout).toMatch(/^ {2}cpu {4}[█░]{20} {2}\d+ %$/m);
    expect(stdout).toMatch(/^ {2}memory [█░]{20} {2}\d.*of.*iB$/m);
    expect(stdout).toMatch(/^ {2}nvml +\/nowhere\/nvml\.so/m);
    expect(stdout).toContain("unset AIKORYU_NVML");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  withFake("shows GPUs, their programs and what needs permission", async () => {
    const { status, stdout } = await aikoryu(["monitor", "--once"], "", { ...noDevice, ...fake?.env });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^NVIDIA H100 80GB HBM3 {2}0000:3b:00\.0 {2}nvml$/m);
    expect(stdout).toMatch(/^ {2}gpu {4}█{12}░{8} {2}62 %$/m);
    expect(stdout).toMatch(/^ {2}memory █{3}░{17} {2}12\.0 GiB of 79\.6 GiB$/m);
    expect(stdout).toContain("45 °C   1755 MHz   memory 2619 MHz   fan 30 %   PCIe 1.2/0.1 GB/s");
    expect(stdout).toContain("clocks held down by: power, temperature");
    expect(stdout).toMatch(/^ +1234 +2\.0 GiB {2}python3$/m);
    expect(stdout).toMatch(/^ +4321 +- *$/m);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "powerWatts of NVIDIA H100 80GB HBM3: permission is missing (NVML 4)",
    );
    expect(stdout).toMatch(/^Tesla (very )+.*… {2}0001:af:00\.0 {2}nvml$/m);
    expect(stdout).not.toContain("\x1b");
    expect(stdout).not.toContain("nvidia-smi");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  withFake("is one value with --json", async () => {
    const { status, stdout, stderr } = await aikoryu(["monitor", "--once", "--json"], "", {
      ...noDevice,
      ...fake?.env,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const snapshot = JSON.parse(stdout);
    const missing = { powerWatts: "permission is missing (NVML 4)" };
    expect(snapshot.devices).toMatchObject([
      { source: "nvml", name: "NVIDIA H100 80GB HBM3", gpuUtilization: 0.62, missing },
      { source: "nvml", gpuUtilization: 0 },
    ]);
    expect(snapshot.devices[0]).not.toHaveProperty("powerWatts");
    expect(snapshot.sources[0]).toEqual({ source: "nvml", state: "up", devices: 2 });
    expect(snapshot.host.cpuUtilization).toBeGreaterThanOrEqual(0);
    expect(Date.parse(snapshot.time)).not.toBeNaN();
  });
});

describe("monitor --prometheus", () => {
  it("is not JSON", async () => {
    const { status, stdout } = await aikoryu(["monitor", "--prometheus", "--json"]);
    expect(status).toBe(2);
    expect(JSON.parse(stdout).error.message).toContain("exclude each other");
  });

  withFake("is text that a scraper reads", async () => {
    const { status, stdout } = await aikoryu(["monitor", "--prometheus"], "", { ...noDevice, ...fake?.env });
    expect(status).toBe(0);
    const metrics = parsePrometheus(stdout);
    expect(metrics.get("aikoryu_device_utilization_ratio")?.values).toHaveLength(2);
    expect(metrics.get("aikoryu_source_up")?.values).toContainEqual({
      suffix: "",
      labels: { source: "nvml" },
      value: 1,
    });
  });
});

describe("monitor, live", () => {
  it("adds lines where there is no terminal, and ends well on Ctrl-C", async () => {
    const twice = (text: string) => (text.match(/host: cpu/g) ?? []).length >= 2;
    const { status, stdout, stderr } = await until(["--interval", "200"], twice, "SIGINT");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}host: cpu \d+ %, memory .* of .*iB, this program .*iB$/m);
    expect(stdout).not.toContain("\x1b");
  });

  it("writes a JSON value a line", async () => {
    const enough = (text: string) => text.split("\n").length > 3;
    const { status, stdout, stderr } = await until(["--interval", "200", "--json"], enough, "SIGINT");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const times = stdout
      .trimEnd()
      .split("\n")
      .map((line) => Date.parse(JSON.parse(line).time));
    expect(times.length).toBeGreaterThanOrEqual(3);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("tells who ended it from who interrupted it", async () => {
    const { status } = await until(["--interval", "200"], (text) => text !== "", "SIGTERM");
    expect(status).toBe(143);
  });

  it("ends quietly when its reader goes away", async () => {
    const env = { ...process.env, ...noDevice };
    const args = [program, "monitor", "--json", "--interval", "200"];
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.once("data", () => child.stdout.destroy());
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    const [status] = await once(child, "close");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  /** Runs in a terminal of `script`'s, types `keys` once the view was drawn with values, and returns what came out. */
  async function inTerminal(
    keys: string,
    setUp = "stty rows 24 cols 80",
    { intervalMs = 200, draws = 4 } = {},
  ) {
    const env = { ...process.env, ...noDevice, ...fake?.env, TERM: "xterm" };
    const command = `${setUp}\nexec '${process.execPath}' '${program}' monitor --interval ${intervalMs}`;
    const child = spawn("script", ["-qefc", command, "/dev/null"], { env, stdio: ["pipe", "pipe", "pipe"] });
    let [stdout, typed] = ["", false];
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      if (typed || (stdout.match(/q quits/g) ?? []).length < draws) return;
      typed = true;
      child.stdin.write(keys);
    });
    const [status] = await once(child, "close");
    return { status, stdout };
  }

  withTerminal("is redrawn in place, and q puts the terminal back", async () => {
    const { status, stdout } = await inTerminal("q");
    expect(status).toBe(0);
    expect(stdout).toContain("\x1b[?1049h\x1b[?25l");
    expect(stdout.trimEnd().endsWith("\x1b[?25h\x1b[?1049l")).toBe(true);
    const views = stdout.split("\x1b[H").slice(1);
    expect(views.length).toBeGreaterThanOrEqual(3);
    for (const view of views) {
      const lines = stripVTControlCharacters(view).split("\n");
      expect(lines.length).toBeLessThanOrEqual(24);
      for (const line of lines) expect(line.replaceAll("\r", "").length).toBeLessThanOrEqual(80);
    }
    expect(stripVTControlCharacters(views.at(-1) ?? "")).toMatch(/cpu {4}[█░]{20} {2}\d+ % +[▁▂▃▄▅▆▇█]{2,}/);
  });

  withTerminal("ends the same way on Ctrl-C", async () => {
    const { status, stdout } = await inTerminal("\x03");
    expect(status).toBe(0);
    expect(stdout.trimEnd().endsWith("\x1b[?25h\x1b[?1049l")).toBe(true);
  });

  withTerminal("is drawn anew when the window changes", async () => {
    const resizes = "n=60; while sleep 0.3 && [ $n -gt 20 ]; do n=$((n - 1)); stty rows 20 cols $n; done";
    const setUp = `stty rows 24 cols 80\n(${resizes}) </dev/tty &`;
    const { status, stdout } = await inTerminal("q", setUp, { intervalMs: 60_000, draws: 5 });
    expect(status).toBe(0);
    const last = stdout.split("\x1b[H").at(-1) ?? "";
    for (const line of stripVTControlCharacters(last).split("\n")) {
      expect(line.replaceAll("\r", "").length).toBeLessThan(60);
    }
  });

  withTerminal("fits a small window, and one that tells no size", async () => {
    const { status, stdout } = await inTerminal("q", "stty rows 14 cols 44");
    expect(status).toBe(0);
    for (const view of stdout.split("\x1b[H").slice(1)) {
      const lines = stripVTControlCharacters(view).split("\n");
      expect(lines.length).toBeLessThanOrEqual(14);
      for (const line of lines) expect(line.replaceAll("\r", "").length).toBeLessThanOrEqual(44);
    }
    expect((await inTerminal("q", "stty rows 0 cols 0")).status).toBe(0);
  });
});
