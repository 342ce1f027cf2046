import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { ScratchScope } from "../scratch-scope.ts";
import { kernelOn, kernelText } from "../source.ts";
import type { ColumnOptions, FixedMemory } from "./column.ts";
import type { KeyRows } from "./group-rows.ts";
import { firstSeed, type HashedKeys, isText, keyBindings, keyText } from "./hash-table.ts";
import { commonText, hashParameters, rowGrid } from "./key-access.ts";
import { keyLayout, packWords } from "./pack-keys.ts";

/**
 * 32-bit hashes of rows, for memory of `count` u32 that the caller disposes. Equal keys have equal hashes on every
 * device and on both sides of a join: -0 is +0, all NaN are one, and null is a value of its own.
 */
export async function hashRows(
  device: Device,
  { keys, count }: KeyRows,
  options: ColumnOptions = {},
): Promise<Scratch> {
  const hashes = scratch(device, options, count * 4, "hashes");
  if (count === 0) return hashes;
  try {
    using scope = new ScratchScope(device, options.allocate);
    const columns: FixedMemory[] = [];
    for (const column of keys) {
      if (column.physical !== "text") columns.push(column);
      else {
        const values = scope.take(Math.max(16, count * 4), "text hashes");
        await hashEach(device, { keys: column, count, hashes: values }, options);
        columns.push({ physical: "u32", values, validity: column.validity });
      }
    }
    const layout = keyLayout([columns], () => true);
    const packed = await packWords(device, { columns, count, layout }, options);
    using _ = packed.own;
    const words = { keys: packed.memory, width: layout.width, nullWords: 0 };
    await hashEach(device, { keys: words, count, hashes }, options);
    return hashes;
  } catch (error) {
    hashes[Symbol.dispose]();
    throw error;
  }
}

async function hashEach(
  device: Device,
  { keys, count, hashes }: { readonly keys: HashedKeys; readonly count: number; readonly hashes: Scratch },
  options: ColumnOptions,
): Promise<void> {
  const text = `${commonText(device)}${keyText(keys)}${kernelText("columns/hash-rows.wgsl")}`;
  const kernel = await kernelOn(device, text, { entryPoint: "hash_rows", label: "hash rows" });
  const { each, groups } = rowGrid(device, count);
  const width = isText(keys) ? 0 : keys.width;
  const parameters = hashParameters({ count, each, width, seed: firstSeed });
  device.dispatch(kernel, { parameters, ...keyBindings(keys), hashes }, groups, workOptions(options));
}
