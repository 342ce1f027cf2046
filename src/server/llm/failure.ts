import { AikoError, type ErrorCode, toAikoError } from "../../errors.ts";

/** Whose clients a route is for: how errors look there. */
export type Dialect = "ollama" | "openai" | "anthropic";

const codes: Readonly<Record<number, ErrorCode>> = { 501: "UNSUPPORTED", 503: "SERVER_BUSY" };

/** Ollama's own words, two spaces included. */
const busyText = "server busy, please try again.  maximum pending requests exceeded";

/** A request that cannot be served as it is. */
export class RequestError extends AikoError {
  readonly status: number;
  readonly param: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    more: { readonly param?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(codes[status] ?? "INVALID_ARGUMENT", { message });
    this.status = status;
    this.param = more.param;
    this.headers = more.headers ?? {};
  }
}

export function tooBusy(): AikoError {
  return new AikoError("SERVER_BUSY", { message: busyText });
}

export function shuttingDown(): RequestError {
  return new RequestError(503, "the server is shutting down", { headers: { "retry-after": "1" } });
}

/** What the client is told. */
export interface Failure {
  readonly status: number;
  readonly message: string;
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

const statuses: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  INVALID_VALUE: 400,
  CONTEXT_EXCEEDED: 400,
  UNSUPPORTED: 400,
  MODEL_NOT_FOUND: 404,
  ABORTED: 499,
  SERVER_BUSY: 503,
  QUEUE_FULL: 503,
  CONNECTION_FAILED: 502,
  PROTOCOL_VIOLATION: 502,
  DEADLINE_EXCEEDED: 504,
};

export function failureOf(thrown: unknown, model: string | undefined): Failure {
  const error = toAikoError(thrown);
  const { code } = error;
  if (error instanceof RequestError) {
    return { status: error.status, message: error.message, code, param: error.param, headers: error.headers };
  }
  const status = statuses[code] ?? 500;
  const headers: Record<string, string> = status === 503 ? { "retry-after": "1" } : {};
  return { status, message: messageOf(error, model), code, param: undefined, headers };
}

function messageOf(error: AikoError, model: string | undefined): string {
  if (error.code === "MODEL_NOT_FOUND") return `model '${model ?? "?"}' not found`;
  if (error.code === "SERVER_BUSY" || error.code === "QUEUE_FULL") return busyText;
  // What is not ours to explain may hold paths and more.
  if (error.code === "INTERNAL") return "internal error";
  return error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
}

const openAiCodes: Partial<Record<ErrorCode, string>> = {
  MODEL_NOT_FOUND: "model_not_found",
  CONTEXT_EXCEEDED: "context_length_exceeded",
};

/** The body of an error, as clients of that dialect read it. */
export function errorBody(dialect: Dialect, failure: Failure): object {
  const { message, status, code, param } = failure;
  if (dialect === "ollama") return { error: message };
  if (dialect === "anthropic") return { type: "error", error: { type: anthropicType(status), message } };
  return {
    error: {
      message,
      type: status === 404 ? "not_found_error" : status < 500 ? "invalid_request_error" : "api_error",
      param: param ?? null,
      code: status === 401 ? "invalid_api_key" : (openAiCodes[code] ?? null),
    },
  };
}

function anthropicType(status: number): string {
  const types: Readonly<Record<number, string>> = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    503: "overloaded_error",
  };
  return types[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
}
