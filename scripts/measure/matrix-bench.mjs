import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** The bench of matrices in a process of its own, against the peers that are installed. */
export function matrixBench(clock) {
  return new Promise((resolve) => {
    const limitMs = Math.floor(clock.leftMs() - 5_000);
    const child = spawn(process.execPath, [main, "bench", "matrix", "kernels", "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limitMs,
    });
    let out = "";
    let problem = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      problem += chunk;
    });
    child.once("close", (code, signal) => {
      if (signal !== null)
        resolve({ skipped: `stopped after ${Math.round(limitMs / 1000)} s: no time was left` });
      else if (code === 0) resolve(JSON.parse(out));
      else resolve({ failed: problem.trim().split("\n").slice(-3).join(" ") });
    });
  });
}
