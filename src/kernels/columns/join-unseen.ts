import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import { exclusiveScan } from "../scan.ts";
import type { ScratchScope } from "../scratch-scope.ts";
import { kernelOn, kernelText } from "../source.ts";
import type { ColumnOptions, Memory } from "./column.ts";
import { fillWords, wordOf } from "./hash-table.ts";
import { commonText, hashParameters, rowGrid } from "./key-access.ts";
import type { MatchedRows } from "./match-rows.ts";

/** Right rows that no left row matches. */
export interface UnseenRows {
  readonly rows: number;
  readonly rightCount: number;
  readonly ids: Memory;
  readonly seen: Memory;
  readonly places: Memory;
}

export async function countUnseen(
  device: Device,
  work: MatchedRows & { readonly leftCount: number; readonly rightCount: number },
  scope: ScratchScope,
  options: ColumnOptions,
): Promise<UnseenRows> {
  const { matched, ids, groups, leftCount, rightCount } = work;
  const seen = scope.take(Math.max(16, groups * 4), "seen groups");
  const left = rowGrid(device, leftCount);
  const right = rowGrid(device, rightCount, 16);
  const places = scope.take(Math.max(16, (right.threads + 1) * 4), "places");
  if (rightCount === 0) return { rows: 0, rightCount, ids, seen, places };
  await fillWords(device, seen, { count: groups, value: 0 }, options);
  using counts = scratch(device, options, (right.threads + 1) * 4, "counts");
  const mark = await unseenKernel(device, "mark_seen");
  const marking = hashParameters({ count: leftCount, each: left.each });
  device.dispatch(mark, { parameters: marking, rows: matched, seen }, left.groups, workOptions(options));
  const count = await unseenKernel(device, "count_unseen");
  const parameters = hashParameters({ count: rightCount, each: right.each, chunks: right.threads });
  device.dispatch(count, { parameters, rows: ids, seen, counts }, right.groups, workOptions(options));
  const scan = { source: counts, result: places, count: right.threads + 1 };
  await exclusiveScan(device, scan, workOptions(options));
  return { rows: await wordOf(device, places, right.threads), rightCount, ids, seen, places };
}

/** Enqueues writing them behind the `base` rows of the result. */
export async function emitUnseen(
  device: Device,
  work: { readonly unseen: UnseenRows; readonly left: Memory; readonly right: Memory; readonly base: number },
  options: ColumnOptions,
): Promise<void> {
  const { unseen, left, right, base } = work;
  const { rows, rightCount, ids, seen, places } = unseen;
  if (rows === 0) return;
  const kernel = await unseenKernel(device, "emit_unseen");
  const { each, threads, groups } = rowGrid(device, rightCount, 16);
  const parameters = hashParameters({ count: rightCount, each, chunks: threads, seed: base });
  const bindings = { parameters, rows: ids, seen, counts: places, left, right };
  device.dispatch(kernel, bindings, groups, workOptions(options));
}

function unseenKernel(device: Device, entryPoint: "mark_seen" | "count_unseen" | "emit_unseen") {
  const text = commonText(device) + kernelText("columns/join-unseen.wgsl");
  return kernelOn(device, text, { entryPoint, label: entryPoint.replace("_", " ") });
}
