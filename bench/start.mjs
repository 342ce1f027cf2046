import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** @typedef {import("./index.mjs").Row} Row @typedef {import("./index.mjs").Bench} Bench */

const size = 1024;

/**
 * What starting and waiting cost a program: gaps in its event loop, and compiling again.
 * @param {Bench} bench
 * @returns {Promise<Row[]>}
 */
export async function startRows({ device, progress }) {
  if (device === undefined) return [];
  const { id } = device.adapter;
  /** @param {string} operation @param {string} title @param {number} ms @param {"gpu" | "cpu"} placement @returns {Row} */
  const row = (operation, title, ms, placement = "gpu") => ({
    family: "matrix",
    operation,
    case: title,
    ours: {
      ms,
      placement,
      device: placement === "gpu" ? id : "onnxruntime",
      reason: `placement "${placement}" was asked for`,
    },
    gpuMs: placement === "gpu" ? ms : null,
    cpuMs: placement === "cpu" ? ms : null,
    peers: [],
    ratio: null,
    limit: null,
  });

  progress("looking for gaps in the event loop");
  const { compiling, multiplying, onCpu, waiting } = await child("gaps-once.mjs", id, String(size));
  progress("starting twice with one compile cache");
  const again = await secondStart();
  return [
    row("event loop gap", "compiling a new kernel", compiling),
    row("event loop gap", `multiplying ${size}x${size} on the device`, multiplying),
    row("event loop gap", `multiplying ${size}x${size} on the CPU`, onCpu, "cpu"),
    row("event loop gap", "waiting for 20 products", waiting),
    ...(again === undefined ? [] : [row("compile", "second start, from the cache", again)]),
  ];
}

/** Milliseconds that compiling takes a program the second time; `undefined` where the device keeps no cache. */
async function secondStart() {
  const folder = await mkdtemp(join(tmpdir(), "aikoryu-cache-"));
  try {
    const first = await child("start-once.mjs", folder);
    const second = await child("start-once.mjs", folder);
    if (!first.keepsCache) return undefined;
    if (second.compiled > 0) throw new RangeError(`the second start compiled ${second.compiled} kernels`);
    return second.ms;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Runs a program of this folder in a process of its own, which holds nothing of the peers, and takes its JSON.
 * @param {string} name @param {...string} parameters @returns {Promise<any>}
 */
function child(name, ...parameters) {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const running = spawn(process.execPath, [program, ...parameters], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  running.stdout.on("data", (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    running.on("error", reject);
    running.on("close", (status) => {
      if (status === 0) resolve(JSON.parse(output));
      else reject(new RangeError(`${name} ended with status ${status}`));
    });
  });
}
