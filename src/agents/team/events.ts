import type { ToolCall } from "../../llm/index.ts";
import type { GuardrailStage } from "./guardrail.ts";
import type { Interrupt } from "./interrupt.ts";

/** What happens during a run, in order. */
export type TeamEvent =
  | { readonly type: "turn"; readonly agent: string; readonly turn: number }
  | {
      readonly type: "piece";
      readonly agent: string;
      readonly text: string;
      readonly thinking?: string | undefined;
    }
  | { readonly type: "tool-call"; readonly agent: string; readonly call: ToolCall }
  | {
      readonly type: "tool-result";
      readonly agent: string;
      readonly call: ToolCall;
      /** What the model reads. */
      readonly text: string;
      readonly failed: boolean;
    }
  | { readonly type: "handoff"; readonly from: string; readonly to: string }
  | {
      readonly type: "guardrail";
      readonly agent: string;
      readonly guardrail: string;
      readonly stage: GuardrailStage;
      readonly message: string;
    }
  | {
      readonly type: "retry";
      readonly agent: string;
      /** 1 for the first answer that was not taken. */
      readonly attempt: number;
      readonly feedback: string;
    }
  | { readonly type: "speaker"; readonly chat: string; readonly agent: string; readonly round: number }
  | {
      readonly type: "node";
      readonly workflow: string;
      readonly node: string;
      readonly step: number;
      readonly state: "start" | "end";
    }
  | { readonly type: "checkpoint"; readonly thread: string; readonly step: number }
  | { readonly type: "interrupt"; readonly interrupt: Interrupt }
  | { readonly type: "done"; readonly output: unknown };
