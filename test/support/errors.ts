import { expect } from "vitest";
import { type AikoError, type ErrorCode, isAikoError } from "#src/errors.js";

/** The AikoError that `work` throws or rejects with, checked for its code. */
export async function failure(work: () => unknown, code: ErrorCode): Promise<AikoError> {
  try {
    await work();
  } catch (error) {
    if (!isAikoError(error)) throw error;
    expect(error.code).toBe(code);
    return error;
  }
  return expect.fail(`nothing was thrown, expected ${code}`);
}
