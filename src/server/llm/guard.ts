import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { AikoError } from "../../errors.ts";
import { RequestError } from "./failure.ts";
import type { Settings } from "./options.ts";

/** Who may call: tokens, names of this host (against DNS rebinding), and web pages by their origin. */
export class Guard {
  readonly #tokens: readonly Buffer[];
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: readonly RegExp[];

  constructor(settings: Settings) {
    if (settings.tokens.length === 0 && !isLoopback(settings.host)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `A server on ${settings.host} is reachable from elsewhere, and nobody would be asked who they are`,
        hint: "Give it a token, or listen on 127.0.0.1.",
      });
    }
    this.#tokens = settings.tokens.map(digest);
    this.#hosts = new Set(settings.hosts.map((host) => host.toLowerCase()));
    this.#origins = settings.origins.map(originPattern);
  }

  /** Throws a RequestError for who may not. A preflight is checked for its origin only. */
  check(request: IncomingMessage, isPublic: boolean): void {
    this.#checkHost(request.headers.host);
    this.#checkOrigin(request.headers.origin);
    if (isPublic || request.method === "OPTIONS" || this.#tokens.length === 0) return;
    const given = digest(tokenOf(request) ?? "");
    // All are compared, so that the time says nothing.
    const known = this.#tokens.filter((token) => timingSafeEqual(token, given)).length > 0;
    if (known) return;
    throw new RequestError(401, "unauthorized: send the server's token as Authorization: Bearer TOKEN", {
      headers: { "www-authenticate": "Bearer" },
    });
  }

  /** Who shares a line in the queue: those with the same token from the same address. */
  clientOf(request: IncomingMessage): string {
    return `${request.socket.remoteAddress ?? ""} ${digest(tokenOf(request) ?? "").toString("base64")}`;
  }

  #checkHost(header: string | undefined): void {
    if (this.#tokens.length > 0) return;
    const host = hostName(header ?? "");
    if (host !== undefined && (isLoopback(host) || this.#hosts.has(host))) return;
    throw new RequestError(403, "this server answers to localhost and loopback addresses only");
  }

  #checkOrigin(origin: string | undefined): void {
    if (origin === undefined || isLocalOrigin(origin)) return;
    if (this.#origins.some((pattern) => pattern.test(origin))) return;
    throw new RequestError(403, "pages of this origin may not call; OLLAMA_ORIGINS lists those that may");
  }
}

/** Headers for web pages whose origin passed the check. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  response.setHeader("vary", "Origin");
  if (origin === undefined) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-expose-headers", "x-request-id, x-ignored-options, retry-after");
  if (request.method !== "OPTIONS") return;
  response.setHeader("access-control-allow-methods", "GET, HEAD, POST, DELETE, OPTIONS");
  response.setHeader(
    "access-control-allow-headers",
    request.headers["access-control-request-headers"] ?? "authorization, content-type",
  );
  response.setHeader("access-control-max-age", "600");
}

export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, "");
  if (isIP(name) === 4) return name.startsWith("127.");
  if (isIP(name) === 6) return name === "::1" || /^::ffff:127\./.test(name);
  return name === "localhost" || name.endsWith(".localhost");
}

function hostName(header: string): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[^:[\]@/]+)(:\d+)?$/i.exec(header)?.[1]?.toLowerCase();
}

function isLocalOrigin(origin: string): boolean {
  const host = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  const name = host === undefined ? undefined : hostName(host);
  return name !== undefined && isLoopback(name);
}

function originPattern(origin: string): RegExp {
  const parts = origin.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const exact = parts.join("[^/]*");
  return new RegExp(origin === "*" ? "" : origin.includes("://") ? `^${exact}$` : `^https?://${exact}$`, "i");
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];
  const key = headers["x-api-key"];
  return bearer ?? (typeof key === "string" ? key : undefined);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
