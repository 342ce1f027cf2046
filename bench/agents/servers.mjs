import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** @typedef {{ port: number, stop: () => Promise<void> }} Server */

/** A NATS server with JetStream of this bench alone; undefined where none is installed. @returns {Promise<Server | undefined>} */
export function startNats() {
  return start("nats-server", (port, folder) => ["-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", folder]);
}

/** A Redis server that keeps nothing on disk, as a queue's default set-up has it. @returns {Promise<Server | undefined>} */
export function startRedis() {
  return start("redis-server", (port, folder) => ["--port", `${port}`, "--dir", folder, "--save", ""]);
}

/**
 * @param {string} program @param {(port: number, folder: string) => string[]} args
 * @returns {Promise<Server | undefined>}
 */
async function start(program, args) {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "aikoryu-bench-"));
  const child = spawn(program, args(port, folder), { stdio: "ignore" });
  const failed = new Promise((resolve) => child.once("error", () => resolve(true)).once("exit", resolve));
  const stop = async () => {
    child.kill("SIGKILL");
    await failed;
    await rm(folder, { recursive: true, force: true });
  };
  const ready = await Promise.race([listening(port), failed.then(() => false)]);
  if (ready) return { port, stop };
  await stop();
  return undefined;
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** @param {number} port */
async function listening(port) {
  for (let i = 0; i < 200; i++) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (open) return true;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return false;
}
