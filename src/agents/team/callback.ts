import { AikoError } from "../../errors.ts";
import { bounded, messageOf } from "./text.ts";

/** Calls a function of the user's. Rejects with HANDLER_FAILED, saying what it is, where it throws what is no AikoError. */
export async function callback<T>(what: string, work: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AikoError) throw error;
    const message = `${what} failed: ${bounded(messageOf(error), 2_000)}`;
    throw new AikoError("HANDLER_FAILED", { message, cause: error });
  }
}
