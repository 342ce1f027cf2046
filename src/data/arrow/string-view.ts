import type { HostColumn } from "../../core/column.ts";
import { textColumn, type Validity } from "../../core/column-make.ts";
import { makeHostArray } from "../../core/host-array.ts";
import { AikoError } from "../../errors.ts";
import type { ArrowData } from "./arrow-types.ts";
import { rowTask } from "./row-task.ts";

const viewBytes = 16;

/** https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout */
export async function viewChunk(name: string, data: ArrowData, nulls: Validity): Promise<HostColumn> {
  const { length, variadicBuffers = [] } = data;
  const values = data.values;
  if (values === undefined || values.byteLength < length * viewBytes) {
    throw new AikoError("INVALID_VALUE", {
      message: `Damaged Arrow data: ${JSON.stringify(name)} has ${values?.byteLength ?? 0} bytes of views for ${length} rows`,
    });
  }
  const views = new Uint8Array(values.buffer, values.byteOffset, length * viewBytes);
  const validity = nulls.validity ?? new Uint8Array(0);
  const hasNulls = nulls.nullCount > 0;
  const total = await rowTask<number>("countViewBytes", name, [views, validity], { hasNulls, rows: length });
  if (total > 2_147_483_647) {
    throw new AikoError("UNSUPPORTED", {
      message: `The Arrow column ${JSON.stringify(name)} has a chunk of ${total} bytes: over 2 GiB`,
      hint: "Write it in smaller record batches.",
    });
  }
  const { heap, starts } = joined(variadicBuffers);
  const offsets = makeHostArray("i32", length + 1);
  const bytes = makeHostArray("u8", total);
  await rowTask("gatherViews", name, [views, starts, heap, validity, offsets, bytes], { hasNulls });
  await rowTask("checkText", name, [offsets, bytes]);
  return textColumn(offsets, bytes, nulls);
}

/** Buffers one after the other, and where each starts. */
function joined(buffers: readonly Uint8Array[]): { heap: Uint8Array; starts: Float64Array } {
  const starts = new Float64Array(buffers.length + 1);
  for (const [at, { length }] of buffers.entries()) starts[at + 1] = (starts[at] ?? 0) + length;
  const [only] = buffers;
  if (only !== undefined && buffers.length === 1) return { heap: only, starts };
  return { heap: Buffer.concat(buffers), starts };
}
