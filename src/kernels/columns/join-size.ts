import { AikoError } from "../../errors.ts";

const mostRowsEver = 2 ** 31;

/** The number of rows of a join's result. Throws RESULT_TOO_LARGE when it exceeds `mostRows`, or 2^31. */
export function assertRows(rows: bigint, mostRows = mostRowsEver): number {
  const most = Math.min(mostRows, mostRowsEver);
  if (rows <= BigInt(most)) return Number(rows);
  throw new AikoError("RESULT_TOO_LARGE", {
    message: `The join gives ${rows} rows; at most ${most} are allowed here.`,
    hint: "Join by more keys, filter or aggregate a side before, or raise the limit where memory allows.",
  });
}
