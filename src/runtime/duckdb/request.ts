import type { HostTable } from "../../core/column.ts";
import type { Handle } from "../../core/native.ts";
import type { AikoError } from "../../errors.ts";
import type { Doing } from "./errors.ts";
import type { SentTable } from "./load-table.ts";
import type { Described } from "./result.ts";

/** What a thread is asked to do. Addresses mean the same in every thread. */
export type Request =
  | { readonly kind: "open"; readonly settings: Readonly<Record<string, string>> }
  | { readonly kind: "close"; readonly database: Handle }
  | { readonly kind: "query"; readonly connection: Handle; readonly sql: string; readonly tracked: boolean }
  | { readonly kind: "describe"; readonly connection: Handle; readonly sql: string }
  | {
      readonly kind: "execute";
      readonly connection: Handle;
      readonly sql: string;
      readonly tracked: boolean;
      readonly doing: Doing;
    }
  | { readonly kind: "startStream"; readonly connection: Handle; readonly sql: string }
  | { readonly kind: "readStream"; readonly stream: Stream; readonly rows: number }
  | { readonly kind: "endStream"; readonly stream: Stream }
  | { readonly kind: "load"; readonly connection: Handle; readonly table: SentTable };

/** A query that runs as its result is read. */
export interface Stream {
  readonly statement: Handle;
  readonly pending: Handle;
  readonly result: Handle;
}

export interface Answers {
  readonly open: Handle;
  readonly close: undefined;
  readonly query: HostTable;
  readonly describe: readonly Described[];
  /** Rows changed. */
  readonly execute: number;
  readonly startStream: Stream;
  readonly readStream: { readonly table: HostTable; readonly isDone: boolean };
  readonly endStream: undefined;
  readonly load: undefined;
}

/** A request on its way to a thread. */
export interface Sent {
  readonly request: Request;
  /** Its first word becomes 1 when nobody wants the answer any more. */
  readonly cancelled: Int32Array;
}

/** Posted once by a thread, when koffi is loaded there. */
export const threadIsReady = "ready";

export type Reply =
  | { readonly value: Answers[Request["kind"]]; readonly ms: number }
  | { readonly error: ReturnType<AikoError["toJSON"]>; readonly detail: string | undefined };
