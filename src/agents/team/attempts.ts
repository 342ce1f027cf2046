import { AikoError, type AikoErrorOptions, type ErrorCode } from "../../errors.ts";

/** An answer that was not taken. */
export interface Attempt {
  readonly text: string;
  /** Why, as the model was told. */
  readonly feedback: string;
  /** The guardrail that tripped; undefined where the answer was not of the schema. */
  readonly guardrail?: string | undefined;
}

/** INVALID_OUTPUT or GUARDRAIL_TRIPPED, with every answer that was not taken. */
export class AttemptsError extends AikoError {
  readonly attempts: readonly Attempt[];

  constructor(code: ErrorCode, attempts: readonly Attempt[], options: AikoErrorOptions) {
    super(code, options);
    this.attempts = attempts;
  }
}
