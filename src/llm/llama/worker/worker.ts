import { isAikoError, toAikoError } from "../../../errors.ts";
import type { EngineSettings, FromEngine, ToEngine } from "../protocol.ts";
import { Engine } from "./engine.ts";

/** Fast models make a token in less time than a message takes. */
const leastMsBetween = 4;

const outbox: FromEngine[] = [];
const running = new Map<number, AbortController>();
let engine: Promise<Engine> | undefined;
let lastSent = 0;
let timer: NodeJS.Timeout | undefined;

/** One message for what all sequences say within a few milliseconds; ends are told at once. */
function send(message: FromEngine): void {
  const isFirst = outbox.push(message) === 1;
  const waitMs = "piece" in message ? leastMsBetween - (performance.now() - lastSent) : 0;
  if (waitMs <= 0) setImmediate(flush);
  else if (isFirst) timer = setTimeout(flush, waitMs);
}

function flush(): void {
  clearTimeout(timer);
  if (outbox.length === 0) return;
  lastSent = performance.now();
  process.send?.(outbox.splice(0), undefined, undefined, () => {});
}

async function start(settings: EngineSettings): Promise<void> {
  engine = Engine.start(settings);
  try {
    send({ ready: (await engine).info });
  } catch (error) {
    send({ failed: toAikoError(error, "SERVER_FAILED").toJSON() });
  }
}

async function answer({ id, ask }: Extract<ToEngine, { ask: unknown }>): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const started = await engine;
    send({ id, value: await started?.handle(ask, (piece) => send({ id, piece }), controller.signal) });
  } catch (error) {
    send({ id, error: engineError(error).toJSON() });
  } finally {
    running.delete(id);
  }
}

function engineError(error: unknown) {
  if (isAikoError(error)) return error;
  const isMemory = error instanceof Error && error.constructor.name === "InsufficientMemoryError";
  return toAikoError(error, isMemory ? "OUT_OF_MEMORY" : "SERVER_FAILED");
}

process.on("message", (message: ToEngine) => {
  if ("settings" in message) void start(message.settings);
  else if ("ask" in message) void answer(message);
  else {
    running.get(message.id)?.abort();
    send({ id: message.id, heard: true });
  }
});

// An ordinary exit waits for, or trips over, what llama.cpp is at.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
