import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { AikoError } from "../../errors.ts";
import type { Envelope } from "./transport.ts";

type Headers = Readonly<Record<string, string>>;

const parentPattern = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})/;

/** The tracer of the SDK that is registered; `undefined` without one, when spans cost nothing. */
export function activeTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider
    ? provider.getDelegateTracer("aikoryu")
    : provider.getTracer("aikoryu");
}

/** https://www.w3.org/TR/trace-context/ */
export function traceHeaders(span: Span): Headers | undefined {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  if (!isSpanContextValid({ traceId, spanId, traceFlags })) return undefined;
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
  return traceState === undefined ? { traceparent } : { traceparent, tracestate: traceState.serialize() };
}

/** What is handed on where no SDK is registered here, so that others can still see the whole. */
export function inheritedHeaders(headers: Headers | undefined): Headers | undefined {
  const { traceparent, tracestate } = headers ?? {};
  if (traceparent === undefined) return undefined;
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}

/** Of a message to be sent: below the span under way, else below the message being handled. */
export function startSend(
  tracer: Tracer,
  operation: string,
  attributes: Attributes,
  parent: Context | undefined,
): Span {
  const above = parent ?? context.active();
  return tracer.startSpan(
    `${operation} ${attributes["messaging.destination.name"]}`,
    {
      kind: SpanKind.PRODUCER,
      attributes: {
        ...attributes,
        "messaging.operation.type": "send",
        "messaging.operation.name": operation,
      },
    },
    above,
  );
}

/** Of a message being handled, below the one that sent it; and the context in which its handler runs. */
export function startProcess(
  tracer: Tracer,
  attributes: Attributes,
  { headers }: Envelope,
): { readonly span: Span; readonly context: Context } {
  const above = remoteParent(headers);
  const span = tracer.startSpan(
    `process ${attributes["messaging.destination.name"]}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        ...attributes,
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
      },
    },
    above,
  );
  return { span, context: trace.setSpan(above, span) };
}

export function endSpan(span: Span, error?: AikoError): void {
  if (error !== undefined) {
    span.setAttribute("error.type", error.code);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  }
  span.end();
}

export function runIn<T>(within: Context, work: () => T): T {
  return context.with(within, work);
}

/** https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
export function attributesOf(system: string, envelope: Envelope, agent: string | undefined): Attributes {
  return {
    "messaging.system": system,
    "messaging.destination.name": envelope.topic,
    "messaging.message.id": envelope.id,
    ...(envelope.inReplyTo === undefined
      ? {}
      : { "messaging.message.conversation_id": envelope.inReplyTo, "messaging.destination.temporary": true }),
    ...(agent === undefined ? {} : { "messaging.client.id": agent }),
  };
}

function remoteParent(headers: Headers | undefined): Context {
  const match = parentPattern.exec(headers?.["traceparent"] ?? "");
  if (match === null) return ROOT_CONTEXT;
  const [, traceId = "", spanId = "", flags = "00"] = match;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  const parent = { traceId, spanId, traceFlags, isRemote: true };
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
}
