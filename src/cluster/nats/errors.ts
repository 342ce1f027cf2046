import { AikoError, type ErrorCode } from "../../errors.ts";

const wrongLastSequence = new Set([10071, 10164]);
const notEnabled = new Set([10039, 10076]);
const outOfStorage = new Set([10023, 10028, 10047]);
const streamFull = new Set([10077]);

/** What the client threw while `doing` something, as one of ours. */
export function natsError(error: unknown, doing: string): AikoError {
  if (error instanceof AikoError) return error;
  const { name, message, code } = describe(error);
  const make = (ours: ErrorCode, hint?: string) =>
    new AikoError(ours, { message: `${doing}: ${message}`, hint, cause: error });
  if (name === "JetStreamNotEnabled" || notEnabled.has(code)) {
    return make("UNSUPPORTED", "Start the server with JetStream: nats-server -js");
  }
  if (wrongLastSequence.has(code)) return make("INVALID_VALUE", "Read the newest revision, and try again.");
  if (streamFull.has(code) || /maximum (bytes|messages) exceeded/.test(message)) {
    return make("QUEUE_FULL", "Let consumers catch up, or raise maxBytes of the stream.");
  }
  if (outOfStorage.has(code)) {
    return make("SERVER_FAILED", "Lower maxBytes, or give the server more room.");
  }
  if (name === "AuthorizationError" || name === "UserAuthenticationExpiredError") {
    return make("CONNECTION_FAILED", "The server refuses user and password, or token.");
  }
  if (name === "PermissionViolationError") return make("UNSUPPORTED", "The server's permissions forbid it.");
  if (name === "InvalidArgumentError" || name === "InvalidSubjectError") {
    return make("INVALID_ARGUMENT", "Of a size: send less at once, or raise max_payload of the server.");
  }
  if (name === "TimeoutError") return make("DEADLINE_EXCEEDED");
  if (name === "NoRespondersError") {
    return make("UNSUPPORTED", "Nobody answers for JetStream: start the server with nats-server -js");
  }
  if (isConnection(name, message)) {
    return make("CONNECTION_FAILED", "Is nats-server running there? nats-server -js starts one.");
  }
  return make("SERVER_FAILED");
}

/** Errors of the client, or the server's own in its answers. */
interface Thrown {
  readonly name?: string;
  readonly message?: string;
  readonly description?: string;
  readonly code?: unknown;
}

function isConnection(name: string, message: string): boolean {
  return (
    ["ConnectionError", "ClosedConnectionError", "DrainingConnectionError", "RequestError"].includes(name) ||
    /ECONNREFUSED|ENOTFOUND|ECONNRESET|EHOSTUNREACH|disconnect|connection/i.test(message)
  );
}

function describe(error: unknown): { name: string; message: string; code: number } {
  if (typeof error !== "object" || error === null) return { name: "", message: String(error), code: 0 };
  const { name = "", message, description, code } = error as Thrown;
  return { name, message: message || description || name, code: typeof code === "number" ? code : 0 };
}
