import { line } from "./routes.ts";
import type { Fault } from "./server.ts";

/** A refusal with a status, as Ollama words it. */
export function status(code: number, error: unknown, headers: Readonly<Record<string, string>> = {}): Fault {
  return (_, response) => {
    response
      .writeHead(code, { "content-type": "application/json", ...headers })
      .end(JSON.stringify({ error }));
  };
}

export const busy = (headers?: Readonly<Record<string, string>>) =>
  status(503, "server busy, please try again.  maximum pending requests exceeded", headers);

/** Never answers. */
export const hang: Fault = () => {};

/** Accepts, sends pieces, and then nothing more. */
export function stall(...values: readonly unknown[]): Fault {
  return (_, response) => {
    response.writeHead(200);
    for (const value of values) line(response, value);
  };
}

/** Lines as they are, then a clean end. */
export function lines(...values: readonly unknown[]): Fault {
  return (_, response) => {
    response.writeHead(200);
    for (const value of values) line(response, value);
    response.end();
  };
}

/** Bytes as they are, then a clean end. */
export function raw(body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Fault {
  return (_, response) => {
    response.writeHead(200, headers).end(body);
  };
}

/** Some lines, then the connection is cut. */
export function cut(...values: readonly unknown[]): Fault {
  return (_, response) => {
    response.writeHead(200);
    for (const value of values) line(response, value);
    setImmediate(() => response.destroy());
  };
}

/** The connection is cut before any answer. */
export const drop: Fault = (_, response) => {
  response.socket?.resetAndDestroy();
};

/** A body in pieces of so many bytes, each sent by itself. */
export function chunked(body: string, size = 1): Fault {
  return (_, response) => {
    const bytes = Buffer.from(body);
    response.writeHead(200);
    response.socket?.setNoDelay(true);
    let at = 0;
    const send = () => {
      if (at >= bytes.length) {
        response.end();
        return;
      }
      response.write(bytes.subarray(at, at + size));
      at += size;
      setImmediate(send);
    };
    send();
  };
}
