import { AikoError } from "../../errors.ts";
import type { FixedMemory } from "../../kernels/columns/column.ts";
import type { LoadedColumn } from "./held-column.ts";

/** The memory of a column that is not text in bytes. */
export function fixedOf({ memory }: LoadedColumn): FixedMemory {
  if (memory.physical !== "text") return memory;
  throw new AikoError("INTERNAL", { message: "Texts came where values of a fixed size were expected" });
}
