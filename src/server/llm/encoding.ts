import { type Dialect, errorBody, type Failure } from "./failure.ts";

/** How the items of a stream are written. */
export interface Encoding<T> {
  readonly type: string;
  readonly end: string;
  item(item: T): string;
  failure(failure: Failure): string;
}

export const jsonLines: Encoding<object> = {
  type: "application/x-ndjson",
  end: "",
  item: (item) => `${JSON.stringify(item)}\n`,
  failure: (failure) => `${JSON.stringify(errorBody("ollama", failure))}\n`,
};

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
export const chunkEvents: Encoding<object> = {
  type: "text/event-stream",
  end: "data: [DONE]\n\n",
  item: (item) => `data: ${JSON.stringify(item)}\n\n`,
  failure: (failure) => `data: ${JSON.stringify(errorBody("openai", failure))}\n\n`,
};

export interface NamedEvent {
  readonly type: string;
}

export function namedEvents(dialect: Dialect): Encoding<NamedEvent> {
  return {
    type: "text/event-stream",
    end: "",
    item: (item) => `event: ${item.type}\ndata: ${JSON.stringify(item)}\n\n`,
    failure: (failure) => `event: error\ndata: ${JSON.stringify(errorBody(dialect, failure))}\n\n`,
  };
}
