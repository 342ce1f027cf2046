import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("peers.py", import.meta.url));

/** What PyTorch or CuPy reach on the same GPU; says why where there is neither. */
export function pythonPeers(clock) {
  return new Promise((resolve, reject) => {
    const limitMs = Math.floor(Math.min(90_000, clock.leftMs()));
    const child = spawn("python3", [script], { stdio: ["ignore", "pipe", "pipe"], timeout: limitMs });
    let out = "";
    let problem = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      problem += chunk;
    });
    child.once("error", (error) => reject(error));
    child.once("close", (code) => {
      if (out.trim() !== "") resolve(JSON.parse(out));
      else reject(new Error(`python3 ended with ${code}: ${problem.trim().split("\n").at(-1) ?? ""}`));
    });
  });
}
