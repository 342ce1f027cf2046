#!/usr/bin/env node
// What the `ollama` command prints and takes, as far as a caller can tell; config.json beside it says what goes wrong.
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const path = join(folder, "config.json");
const config = JSON.parse(readFileSync(path, "utf8"));
const args = process.argv.slice(2);
const verb = args[0];
const fault = config.faults?.[verb];

const say = (text) => process.stdout.write(text);
const tell = (text) => process.stderr.write(text);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const fail = (text, code = 1) => {
  tell(`Error: ${text}\n`);
  process.exit(code);
};
const names = (model) => [model, `${model}:latest`];
const isThere = (model) => config.models.some((name) => names(model).includes(name));

async function input() {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const part of process.stdin) text += part;
  return text;
}

function rows(lines) {
  for (const cells of lines)
    say(`${cells.map((cell, at) => cell.padEnd([24, 16, 10, 16, 8, 20][at])).join("")}\n`);
}

const verbs = {
  "--version": () => say(`ollama version is ${config.version}\n`),
  list: () =>
    rows([
      ["NAME", "ID", "SIZE", "MODIFIED"],
      ...config.models.map((name) => [name, "a80c4f17acd5", "2.0 GB", "2 weeks ago"]),
    ]),
  ps: () =>
    rows([
      ["NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"],
      ["tiny:latest", "a80c4f17acd5", "4.0 GB", "25%/75% CPU/GPU", "4096", "4 minutes from now"],
      ["tiny:1b", "a80c4f17acd6", "1.0 GB", "100% GPU", "8192", "Forever"],
    ]),
  show: () =>
    say(
      "  Model\n    architecture        llama    \n    parameters          3.2B     \n    context length      131072   \n" +
        "    quantization        Q4_K_M   \n\n  Capabilities\n    completion    \n    tools         \n\n",
    ),
  stop: () => {},
  run: async () => {
    const model = args.findLast((arg) => !arg.startsWith("-"));
    if (!isThere(model)) writeFileSync(join(folder, "pulled"), model);
    const prompt = await input();
    tell("\u001b[?25l\u001b[2K\u001b[1G\u280b \u001b[?25h\u001b[2K\u001b[1G");
    if (prompt === "") return;
    const words = prompt.split(" ").reverse();
    for (const [at, word] of words.entries()) {
      say(at === words.length - 1 ? word : `${word} `);
      await wait(1);
    }
    say("\n\n");
    if (args.includes("--verbose")) {
      tell(
        "total duration:       1.5s\nload duration:        50.5ms\nprompt eval count:    26 token(s)\n" +
          "prompt eval duration: 130ms\nprompt eval rate:     200.00 tokens/s\neval count:           298 token(s)\n" +
          "eval duration:        1m2s\neval rate:            64.00 tokens/s\n",
      );
    }
  },
  pull: async () => {
    tell("\u001b[?25lpulling manifest \u280b \u001b[K\u001b[?25h\r\n");
    if (args[1].startsWith("unknown")) fail("pull model manifest: file does not exist");
    for (const percent of [10, 60, 100]) {
      tell(
        `\rpulling 6a0746a1ec1a... ${percent}% \u2595\u2588\u258f ${percent * 10} MB/1.0 GB  100 MB/s   1s\u001b[K`,
      );
      await wait(5);
    }
    tell("\r\nverifying sha256 digest \r\nsuccess \r\n");
    writeFileSync(path, JSON.stringify({ ...config, models: [...config.models, args[1]] }));
    rmSync(join(folder, "list"), { force: true });
  },
};

const faults = {
  down: () => fail("could not connect to ollama server, run 'ollama serve' to start it"),
  busy: () => fail("server busy, please try again.  maximum pending requests exceeded"),
  memory: () => fail("model requires more system memory (9.0 GiB) than is available (2.0 GiB)"),
  flag: () => fail("unknown flag: --hidethinking"),
  garbage: () => say("\u0000\u0001 lorem ipsum\u0007\n%%%\n"),
  binary: () => process.stdout.write(Buffer.from([0x61, 0xff, 0xfe, 0x62])),
  silent: () => process.exit(3),
  killed: () => process.kill(process.pid, "SIGKILL"),
  escapes: () =>
    say("\u001b[31mred\u001b[0m \u001b]0;title\u0007plain\u009b2J \u001b[?25lend\u001b[?25h\n\n"),
  flood: async () => {
    const block = "x".repeat(2 ** 20);
    for (;;) if (!say(block)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  },
  hang: async () => {
    process.on("SIGTERM", () => {});
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
    writeFileSync(join(folder, "pids"), JSON.stringify([process.pid, child.pid]));
    say("one ");
    await wait(600_000);
  },
  midway: async () => {
    say("one two");
    await wait(20);
    fail("an error was encountered while running the model: CUDA error");
  },
};

appendFileSync(join(folder, "calls"), `${JSON.stringify(args)}\n`);
if (fault !== undefined) await faults[fault]();
else if (verbs[verb] === undefined) fail(`unknown command "${verb}" for "ollama"`);
else await verbs[verb]();
