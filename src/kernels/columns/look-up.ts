import type { Device } from "../../device/device.ts";
import { workOptions } from "../axis.ts";
import { ScratchScope } from "../scratch-scope.ts";
import { kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import type { ColumnOptions, Memory } from "./column.ts";
import { type HashedKeys, type HashTable, isText, keyBindings, keyText } from "./hash-table.ts";
import { commonText, hashParameters, otherTextText, otherWordsText, rowGrid } from "./key-access.ts";
import { partedKeys, partKeys, restoreRows } from "./key-parts.ts";

/** A CPU's caches hold smaller tables anyway. */
const leastSlots = 2 ** 17;
const leastParted = 65_536;

/** Rows to look up in the table of another side. */
export interface LookUp {
  readonly keys: HashedKeys;
  readonly count: number;
  readonly other: HashedKeys;
  readonly hashTable: HashTable;
  readonly matched: Memory;
  /** The row of what a slot holds. Default: slots hold rows. */
  readonly representatives?: Memory;
}

/** Enqueues what the table holds for each row's key, or `noRow`. Many keys in a large table are brought to its order first. */
export async function lookUp(device: Device, work: LookUp, options: ColumnOptions): Promise<void> {
  const { keys, count, hashTable, matched } = work;
  const parts = wantsLongThreads(device) && count >= leastParted && hashTable.slots >= leastSlots;
  if (!parts || isText(keys)) return await lookUpRows(device, work, options);
  using scope = new ScratchScope(device, options.allocate);
  const parted = partedKeys(device, { words: keys, count }, scope);
  await partKeys(device, parted, hashTable.seed, scope, options);
  const found = scope.take(count * 4, "matches by part");
  await lookUpRows(device, { ...work, keys: { ...keys, keys: parted.parted }, matched: found }, options);
  await restoreRows(device, parted, { found, rows: matched }, options);
}

async function lookUpRows(device: Device, work: LookUp, options: ColumnOptions): Promise<void> {
  const { keys, count, other, hashTable, matched, representatives } = work;
  const text = [
    commonText(device),
    `const block = ${wantsLongThreads(device) ? 64 : 1}u;\n`,
    representatives === undefined ? rowItself : rowOfGroup,
    keyText(keys),
    isText(keys) ? otherTextText() : otherWordsText(keys.width),
    kernelText("columns/hash-lookup.wgsl"),
  ].join("");
  const kernel = await kernelOn(device, text, { entryPoint: "look_up", label: "look rows up" });
  const { each, groups } = rowGrid(device, count);
  const { slots, seed, table } = hashTable;
  const { width, nullWords } = isText(keys) ? { width: 0, nullWords: 0 } : keys;
  const parameters = hashParameters({ count, each, width, nullWords, slots, seed });
  const there = isText(other)
    ? { other_offsets: other.offsets, other_bytes: other.values }
    : { other_keys: other.keys };
  const bindings = { parameters, ...keyBindings(keys), ...there, table, matched };
  const through = representatives === undefined ? {} : { representatives };
  device.dispatch(kernel, { ...bindings, ...through }, groups, workOptions(options));
}

const rowItself = "fn row_of(found: u32) -> u32 { return found; }\n";
const rowOfGroup = `@group(0) @binding(5) var<storage, read> representatives: array<u32>;
fn row_of(found: u32) -> u32 { return representatives[found]; }
`;
