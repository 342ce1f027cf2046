import type { IncomingMessage } from "node:http";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError, isAikoError } from "../../errors.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import { RequestError } from "./failure.ts";
import { withImages } from "./parse.ts";

const module = new URL("./parse.js", import.meta.url).href;
const lingerMs = 2000;

export interface BodyLimits {
  readonly maxBytes: number;
  /** Told of the bytes as they come; throws where there are too many of all requests. */
  hold(bytes: number): void;
}

/** The request's JSON value; `undefined` where there is no body. Rejects with a RequestError of 400, 413 or 415. */
export async function readJson(request: IncomingMessage, limits: BodyLimits): Promise<unknown> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    throw new RequestError(415, `a body in content-encoding ${encoding} is not read; send it as it is`);
  }
  const bytes = await readBytes(request, limits);
  if (bytes.length === 0) return undefined;
  try {
    const { value } = await javascriptEngine.run({
      module,
      name: "parse",
      arrays: [bytes],
      effort: bytes.length,
    });
    return withImages(value, bytes);
  } catch (error) {
    throw isAikoError(error, "INVALID_ARGUMENT") ? new RequestError(400, error.message) : error;
  }
}

async function readBytes(request: IncomingMessage, { maxBytes, hold }: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = Number(request.headers["content-length"] ?? 0);
  if (size > maxBytes) await discard(request);
  size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > maxBytes) break;
      hold(chunk.length);
      chunks.push(chunk);
    }
  } catch (error) {
    if (isAikoError(error)) throw error;
    throw new AikoError("ABORTED", { message: "the client left while it sent its request", cause: error });
  }
  if (size > maxBytes) await discard(request);
  return joined(chunks, size);

  async function discard(rest: IncomingMessage): Promise<never> {
    // A client that still sends does not read: it would see a reset connection instead of the answer.
    await Promise.race([ended(rest), pause(lingerMs)]);
    throw new RequestError(413, `the body is larger than the ${maxBytes} bytes this server takes`, {
      headers: { connection: "close" },
    });
  }
}

/** In pieces: of many megabytes, one copy would hold the thread. */
async function joined(chunks: readonly Buffer[], size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const chunk of chunks) {
    while (isTurnLong()) await nextTurn();
    at += chunk.copy(bytes, at);
  }
  return bytes;
}

function ended(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    request.on("end", resolve).on("close", resolve).on("error", resolve).resume();
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
