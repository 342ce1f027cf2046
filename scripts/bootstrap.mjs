import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";
import { installSoftwareDevice } from "./system.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const path = (...parts) => join(root, ...parts);
const say = (text) => process.stderr.write(`aikoryu: ${text}\n`);
const running = new Set();

requireNode();
forwardSignals();
await installSoftwareDevice({ say, run, failureFile: path(".cache", "system-install-failed") });
const install = {
  stamp: path("node_modules", ".aikoryu-install"),
  fingerprint: installFingerprint,
  isDone: npmAgrees,
  work: installPackages,
};
const build = {
  stamp: path("dist", ".stamp"),
  fingerprint: buildFingerprint,
  isDone: () => false,
  work: compile,
};
for (const step of [install, build]) await bringUpToDate(step);

async function bringUpToDate(step) {
  if (isFresh(step)) return;
  const waiting = () => say("waiting for another bootstrap of this folder");
  await withLock(path(".cache", "bootstrap.lock"), waiting, async () => {
    if (isFresh(step)) return;
    const fingerprint = step.fingerprint();
    if (!step.isDone()) {
      rmSync(step.stamp, { force: true });
      await step.work();
    }
    mkdirSync(dirname(step.stamp), { recursive: true });
    writeFileSync(`${step.stamp}.${process.pid}`, fingerprint);
    renameSync(`${step.stamp}.${process.pid}`, step.stamp);
  });
}

/** Deleting a stamp, or the folder it lies in, runs its step again. */
function isFresh(step) {
  return existsSync(step.stamp) && readFileSync(step.stamp, "utf8") === step.fingerprint();
}

async function installPackages() {
  say("installing packages (npm ci)");
  const npm = process.env.npm_execpath;
  const isNpm = npm !== undefined && /npm-cli\.c?js$/.test(npm);
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
  const status = isNpm
    ? await run(process.execPath, [npm, ...args], { env })
    : await run("npm", args, { env, shell: process.platform === "win32" });
  if (status !== 0) stop(`npm ci failed (exit ${status}); its own message is above.`, status);
}

async function compile() {
  say("building");
  const status = await run(process.execPath, [path("scripts", "build.mjs")], {});
  if (status !== 0) stop(`the build failed (exit ${status}); the compiler's messages are above.`, status);
}

function installFingerprint() {
  const lock = readFileSync(path("package-lock.json"));
  return hash([lock, process.platform, process.arch]);
}

/** Whether `node_modules` already holds what the lock file asks for, by the copy of it that npm leaves inside. */
function npmAgrees() {
  const present = packagesOf(path("node_modules", ".package-lock.json"));
  const asked = Object.entries(packagesOf(path("package-lock.json")));
  const needed = asked.filter(([name, entry]) => name !== "" && (!entry.optional || isForThisMachine(entry)));
  return needed.every(([name, entry]) => present[name]?.version === entry.version && existsSync(path(name)));
}

function isForThisMachine({ os, cpu, libc }) {
  return os?.includes(process.platform) && cpu?.includes(process.arch) && (libc?.includes("glibc") ?? true);
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return {};
  }
}

function buildFingerprint() {
  const inputs = readdirSync(path("src"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|wgsl)$/.test(name))
    .sort()
    .map((name) => join("src", name));
  const files = ["package.json", "tsconfig.json", join("scripts", "build.mjs"), ...inputs];
  const states = files.map((name) => {
    const { size, mtimeMs } = statSync(path(name));
    return `${name} ${size} ${mtimeMs}`;
  });
  return hash(states);
}

function hash(parts) {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part).update("\0");
  return digest.digest("hex");
}

function run(command, args, { env = process.env, shell = false, quiet = false }) {
  return new Promise((resolve) => {
    const output = quiet ? "pipe" : 2;
    const child = spawn(command, args, { cwd: root, env, shell, stdio: ["ignore", output, output] });
    const kept = [];
    child.stdout?.on("data", (chunk) => kept.push(chunk));
    child.stderr?.on("data", (chunk) => kept.push(chunk));
    running.add(child);
    child.on("error", (error) => {
      running.delete(child);
      say(`${command}: ${error.message}`);
      resolve(127);
    });
    child.on("close", (code, signal) => {
      running.delete(child);
      if (code !== 0) process.stderr.write(Buffer.concat(kept));
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });
}

function forwardSignals() {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      for (const child of running) child.kill(signal);
      process.exitCode = signal === "SIGINT" ? 130 : 143;
      if (running.size === 0) process.exit();
    });
  }
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const works = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  if (!works) stop(`needs Node 20.19 or later 20.x, or 22.12 and up; this is ${process.version}.`, 1);
}

function stop(message, status) {
  say(message);
  process.exit(process.exitCode ?? status);
}
