import { formatBytes } from "../../core/bytes.ts";
import type { Device } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import { kernelText } from "../source.ts";
import type { ColumnOptions, Memory } from "./column.ts";
import { runUnits } from "./launch.ts";

export interface CopyBitsArguments {
  readonly source: Memory;
  /** The first bit. */
  readonly from: number;
  readonly result: Memory;
  /** The first bit; those before it are kept, those behind the last in its word become anything. */
  readonly to: number;
  readonly bits: number;
}

/** Enqueues copying bits from any place to any place. */
export async function copyBits(
  device: Device,
  { source, from, result, to, bits }: CopyBitsArguments,
  options: ColumnOptions,
): Promise<void> {
  if (bits === 0) return;
  const keep = to % 32;
  const distance = (from % 32) - keep;
  const before = distance < 0 ? 1 : 0;
  const words = Math.max(source.byteLength, result.byteLength) / 4;
  if (words > 2 ** 32) {
    throw new AikoError("UNSUPPORTED", {
      message: `Cannot copy rows between columns of ${formatBytes(words * 4)}: kernels address 16 GiB`,
      hint: "Work on fewer rows at a time.",
    });
  }
  await runUnits(
    device,
    {
      text: kernelText("columns/copy-bits.wgsl"),
      entryPoint: "copy_bits",
      constants: { places: words > 2 ** 31 ? 0xffff_ffff : 0x7fff_ffff },
      units: Math.ceil((keep + bits) / 32),
      bindings: { source, result },
      parameters: [
        Math.floor(from / 32),
        distance + before * 32,
        Math.floor(source.byteLength / 4),
        Math.floor(to / 32),
        keep,
        before,
      ],
    },
    options,
  );
}
