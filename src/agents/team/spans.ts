import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { isAikoError } from "../../errors.ts";
import { Interruption } from "./interrupt.ts";
import { messageOf } from "./text.ts";

export interface SpanOptions {
  readonly parent: Context;
  readonly name: string;
  readonly kind?: SpanKind;
  readonly attributes: Attributes;
}

/**
 * Runs `work` in a span, as the semantic conventions for generative AI name and fill them. A failure is the span's; waiting
 * for a person is none. https://opentelemetry.io/docs/specs/semconv/gen-ai/
 */
export async function inSpan<T>(
  { parent, name, kind = SpanKind.INTERNAL, attributes }: SpanOptions,
  work: (here: Context, span: Span) => Promise<T>,
): Promise<T> {
  const span = trace.getTracer("aikoryu").startSpan(name, { kind, attributes }, parent);
  const here = trace.setSpan(parent, span);
  try {
    return await context.with(here, () => work(here, span));
  } catch (error) {
    if (error instanceof Interruption) span.addEvent("interrupted");
    else {
      span.setAttribute("error.type", isAikoError(error) ? error.code : "_OTHER");
      span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
    }
    throw error;
  } finally {
    span.end();
  }
}
