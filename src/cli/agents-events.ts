import { textOf } from "../agents/bus/thrown.ts";
import type { BusEvent } from "../agents/index.ts";
import { fitText, harmless, padText } from "../core/display-text.ts";
import type { Terminal } from "./terminal.ts";

const agentWidth = 16;
const eventWidth = 10;
const topicWidth = 24;
const longestLine = 200;

/** What is shown of an event, as plain JSON. */
export interface ShownEvent {
  readonly event: string;
  /** Since the beginning. */
  readonly ms: number;
  readonly agent?: string | undefined;
  readonly topic?: string | undefined;
  readonly from?: string | undefined;
  readonly body?: unknown;
  readonly took?: number | undefined;
  readonly error?: unknown;
}

export function shownBusEvent({ event, agent, envelope, error, ms }: BusEvent, at: number): ShownEvent {
  return {
    event,
    ms: at,
    agent,
    topic: envelope?.topic,
    from: envelope?.from,
    body: envelope?.body,
    took: ms,
    error: error?.toJSON(),
  };
}

/** One line that does nothing to a terminal, whatever the message says. */
export function eventLine({ event, ms, agent, topic, body, took, error }: ShownEvent): string {
  const why = error === undefined ? "" : textOf((error as { readonly message?: unknown }).message);
  const details = why || (took === undefined ? jsonText(body) : `${took.toFixed(1)} ms`);
  const parts = [
    padText(`${(ms / 1000).toFixed(3)} s`, 10, "right"),
    padText(harmless(agent ?? "-"), agentWidth, "left"),
    padText(harmless(event), eventWidth, "left"),
    padText(harmless(topic ?? ""), topicWidth, "left"),
    harmless(details.slice(0, longestLine)),
  ];
  return fitText(parts.join(" ").trimEnd(), longestLine);
}

/** Controls above those that JSON escapes itself, and marks that turn the direction of text around. */
const hostile = /[\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** JSON in one line, harmless to a terminal; what JSON cannot say is said in words. */
export function jsonText(value: unknown): string {
  try {
    const text = JSON.stringify(value, (_, each) => (typeof each === "bigint" ? String(each) : each)) ?? "";
    return text.replace(hostile, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
  } catch (error) {
    return JSON.stringify(`cannot be shown: ${textOf(error)}`);
  }
}

/**
 * Shows events as they come, until the reader does not keep up: what is left out is counted, so that a flood fills no
 * memory.
 */
export class EventView {
  readonly #terminal: Terminal;
  readonly #json: boolean;
  readonly #start = performance.now();
  #leftOut = 0;

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal;
    this.#json = json;
  }

  get elapsedMs(): number {
    return performance.now() - this.#start;
  }

  show(event: ShownEvent): void {
    if (process.stdout.writableNeedDrain) {
      this.#leftOut++;
      return;
    }
    this.flush();
    this.#write(event);
  }

  /** Says how many were left out. */
  flush(): void {
    if (this.#leftOut === 0) return;
    const body = `${this.#leftOut} events came too fast to be shown`;
    this.#leftOut = 0;
    this.#write({ event: "skipped", ms: this.elapsedMs, body });
  }

  #write(event: ShownEvent): void {
    if (this.#json) process.stdout.write(`${jsonText(event)}\n`);
    else this.#terminal.print(eventLine(event));
  }
}
