import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { AikoError } from "../../errors.ts";
import { Guard } from "./guard.ts";
import {
  type LlmServer,
  type LlmServerOptions,
  type LlmSource,
  type Settings,
  settingsOf,
} from "./options.ts";
import { Service } from "./service.ts";

const maxConnections = 4096;
const defaultGraceMs = 10_000;
const checkMs = 1000;

/**
 * Serves language models to clients of Ollama and of OpenAI. Resolves when it listens. Rejects with INVALID_ARGUMENT, or
 * with CONNECTION_FAILED where the address cannot be had.
 */
export async function serveLlm(source: LlmSource, options: LlmServerOptions = {}): Promise<LlmServer> {
  const settings = settingsOf(options);
  const service = new Service(source, settings, new Guard(settings), options.onRequest);
  const server = createServer(
    {
      headersTimeout: settings.headersTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(checkMs, settings.headersTimeoutMs),
    },
    (request, response) => void service.serve(request, response),
  );
  server.maxConnections = maxConnections;
  server.on("clientError", refuseBytes);
  server.on("connection", (socket) => socket.once("close", () => service.lose(socket)));
  await listen(server, settings);
  const { port } = server.address() as AddressInfo;
  const { host } = settings;
  let closing: Promise<void> | undefined;
  const close = ({ graceMs = defaultGraceMs } = {}) => {
    service.endWithin(graceMs);
    closing ??= stop(server, service);
    return closing;
  };
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    host,
    port,
    statistics: () => service.statistics(),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

async function stop(server: Server, service: Service): Promise<void> {
  const closed = new Promise((resolve) => {
    server.close(resolve);
  });
  await service.settled();
  server.closeAllConnections();
  await closed;
}

function listen(server: Server, { host, port }: Settings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(
        new AikoError("CONNECTION_FAILED", {
          message: `Cannot listen on ${host}, port ${port}: ${taken ? "something else does, Ollama perhaps" : error.message}`,
          hint: taken ? `Take another port, such as ${port + 1}; 0 takes any free one.` : undefined,
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

/** Bytes that are no request, or come too slowly. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, reason] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? ["408 Request Timeout", "the request did not come in time"]
      : error.code === "HPE_HEADER_OVERFLOW"
        ? ["431 Request Header Fields Too Large", "the headers are too large"]
        : ["400 Bad Request", "this is not an HTTP request"];
  const body = JSON.stringify({ error: reason });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}
