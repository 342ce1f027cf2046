import { messages } from "./anthropic/messages.ts";
import type { Call, Handler } from "./call.ts";
import { type Dialect, RequestError } from "./failure.ts";
import { chat } from "./ollama/chat.ts";
import { embed, embedOne } from "./ollama/embed.ts";
import { generate } from "./ollama/generate.ts";
import { ps, show, tags } from "./ollama/models.ts";
import { pull } from "./ollama/pull.ts";
import { noBlob, refuseBlob, refuseChange, refuseCopy, refuseCreate } from "./ollama/refusals.ts";
import { chat as openAiChat } from "./openai/chat.ts";
import { completions } from "./openai/completions.ts";
import { embeddings } from "./openai/embeddings.ts";
import { model, models } from "./openai/models.ts";
import { responses } from "./openai/responses.ts";

/** The version of Ollama whose routes these are: clients look at it to know what they may ask. */
export const protocolVersion = "0.33.0";

const running: Handler = async ({ exchange }) => exchange.text("Ollama is running");
const version: Handler = async ({ exchange }) => exchange.json({ version: protocolVersion });

/** A path that ends with a slash has one more part, or several. */
const routes: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  "/": { GET: running },
  "/api/version": { GET: version },
  "/api/tags": { GET: tags },
  "/api/ps": { GET: ps },
  "/api/show": { POST: show },
  "/api/generate": { POST: generate },
  "/api/chat": { POST: chat },
  "/api/embed": { POST: embed },
  "/api/embeddings": { POST: embedOne },
  "/api/pull": { POST: pull },
  "/api/push": { POST: refuseChange("push") },
  "/api/delete": { DELETE: refuseChange("delete") },
  "/api/create": { POST: refuseCreate },
  "/api/copy": { POST: refuseCopy },
  "/api/blobs/": { GET: noBlob, POST: refuseBlob },
  "/v1/chat/completions": { POST: openAiChat },
  "/v1/completions": { POST: completions },
  "/v1/embeddings": { POST: embeddings },
  "/v1/responses": { POST: responses },
  "/v1/messages": { POST: messages },
  "/v1/models": { GET: models },
  "/v1/models/": { GET: model, DELETE: refuseDeletion },
};

/** Bytes, not JSON: they are not read. */
const withoutBody: ReadonlySet<Handler> = new Set([refuseBlob]);

export interface Route {
  readonly handler: Handler;
  readonly rest: string;
  readonly hasBody: boolean;
}

export function dialectOf(path: string): Dialect {
  return path.startsWith("/v1/messages") ? "anthropic" : path.startsWith("/v1/") ? "openai" : "ollama";
}

/** Throws a RequestError of 400, 404 or 405. */
export function routeOf(method: string, path: string): Route {
  const { handlers, rest } = find(path);
  const handler = handlers[method === "HEAD" ? "GET" : method];
  if (handler !== undefined) {
    return {
      handler,
      rest,
      hasBody: (method === "POST" || method === "DELETE") && !withoutBody.has(handler),
    };
  }
  const allowed = Object.keys(handlers).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name]));
  throw new RequestError(405, `${method} is not a method of ${path}: it takes ${allowed.join(", ")}`, {
    headers: { allow: allowed.join(", ") },
  });
}

function find(path: string): { handlers: Readonly<Record<string, Handler>>; rest: string } {
  const exact = own(path.length > 1 ? path.replace(/\/$/, "") : path);
  if (exact !== undefined) return { handlers: exact, rest: "" };
  const prefix = Object.keys(routes).find(
    (one) => one.length > 1 && one.endsWith("/") && path.startsWith(one),
  );
  const handlers = prefix === undefined ? undefined : own(prefix);
  if (prefix === undefined || handlers === undefined)
    throw new RequestError(404, `there is no route ${path}`);
  return { handlers, rest: decoded(path.slice(prefix.length)) };
}

function own(path: string): Readonly<Record<string, Handler>> | undefined {
  return Object.hasOwn(routes, path) ? routes[path] : undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RequestError(400, `"${part}" has a % that encodes nothing`);
  }
}

function refuseDeletion(call: Call): Promise<void> {
  return refuseChange("delete")({ ...call, body: { model: call.rest } });
}
