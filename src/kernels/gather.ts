import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { type AxisSizes, type KernelOptions, workOptions } from "./axis.ts";
import { inRows } from "./grid.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

export type ElementBytes = 1 | 2 | 4 | 8;

export interface GatherArguments extends AxisSizes {
  /** `outer * n * inner` numbers of `bytes` bytes, whole words of memory. */
  readonly source: DeviceBuffer | BufferView;
  readonly bytes: ElementBytes;
  readonly indices: DeviceBuffer | BufferView;
  readonly indexType: "i32" | "u32" | "i64";
  /** Indices along the axis. */
  readonly m: number;
  /** One list of `m` for all, or a list for each line: `outer * m * inner` of them. */
  readonly shared: boolean;
  /** `outer * m * inner` numbers, whole words of memory: the rest of the last one becomes 0. */
  readonly result: DeviceBuffer | BufferView;
  /**
   * One u32 that holds 0xffffffff before: it gets the position among the indices of the first that is out of range, if
   * there is one.
   */
  readonly firstWrong?: DeviceBuffer | BufferView;
}

/** Enqueues taking numbers along an axis. Negative indices count from the end; those out of range are clamped. `n` is at least 1. */
export async function gather(
  device: Device,
  work: GatherArguments,
  options: KernelOptions = {},
): Promise<void> {
  const { source, bytes, indices, indexType, m, shared, result, firstWrong, outer, n, inner } = work;
  const count = outer * m * inner;
  if (count === 0) return;
  const inWords = shared && (inner * bytes) % 4 === 0;
  const text = [
    indexText(indexType, shared, firstWrong !== undefined),
    inWords ? "fn is_given(j: u32) -> bool { return true; }\n" : wordText(bytes),
    kernelText(inWords ? "gather-runs.wgsl" : "gather.wgsl"),
  ].join("");
  const kernel = await kernelOn(device, text, { label: "gather" });
  const words = Math.ceil((count * bytes) / 4);
  const bindings = {
    source,
    indices,
    result,
    ...(firstWrong === undefined ? {} : { first_wrong: firstWrong }),
  };
  dispatchWords(
    device,
    kernel,
    { bindings, words, sizes: [n, m, inWords ? (inner * bytes) / 4 : inner], count },
    options,
  );
}

/** Enqueues a kernel whose parameters are those of gather.wgsl. */
export function dispatchWords(
  device: Device,
  kernel: Awaited<ReturnType<typeof kernelOn>>,
  work: {
    readonly bindings: Readonly<Record<string, DeviceBuffer | BufferView>>;
    readonly words: number;
    readonly sizes: readonly [number, number, number];
    readonly count: number;
    readonly more?: readonly [before: number, low: number, high: number];
  },
  options: KernelOptions,
): void {
  const { bindings, words, sizes, count, more = [0, 0, 0] } = work;
  const each = wantsLongThreads(device) ? chunkOf(words, 64 * 64, 1) : 1;
  const parameters = Uint32Array.of(words, ...sizes, each, count, ...more);
  device.dispatch(
    kernel,
    { parameters, ...bindings },
    inRows(Math.ceil(words / each / 64)),
    workOptions(options),
  );
}

/** How a word of the result is made of the numbers at `taken(i)`. */
export function wordText(bytes: ElementBytes): string {
  if (bytes === 4) return "fn word_at(word: u32) -> u32 { return source[taken(word)]; }\n";
  if (bytes === 8) {
    return "fn word_at(word: u32) -> u32 { return source[taken(word / 2u) * 2u + word % 2u]; }\n";
  }
  const each = 4 / bytes;
  return `fn word_at(word: u32) -> u32 {
  var made = 0u;
  for (var k = 0u; k < ${each}u; k++) {
    let i = word * ${each}u + k;
    if (i < parameters.count) {
      let at = taken(i);
      let number = (source[at / ${each}u] >> (at % ${each}u * ${bytes * 8}u)) & ${bytes === 1 ? "0xffu" : "0xffffu"};
      made |= number << (k * ${bytes * 8}u);
    }
  }
  return made;
}
`;
}

function indexText(type: "i32" | "u32" | "i64", shared: boolean, reports: boolean): string {
  const wide = type === "i64";
  const at = shared ? "j" : "(outer * parameters.m + j) * parameters.inner + column";
  const declared = reports
    ? "@group(0) @binding(4) var<storage, read_write> first_wrong: array<atomic<u32>>;\n"
    : "";
  const report = reports ? "    atomicMin(&first_wrong[0], at);\n" : "";
  const [zero, cast] = wide ? ["0li", "i64"] : ["0", "i32"];
  return `@group(0) @binding(3) var<storage, read> indices: array<${type}>;
${declared}fn chosen(outer: u32, j: u32, column: u32) -> u32 {
  let at = ${at};
  let size = ${cast}(parameters.n);
  let given = ${type === "u32" ? "i32(min(indices[at], 0x7fffffffu))" : "indices[at]"};
  let index = select(given, given + size, given < ${zero});
  if (index < ${zero} || index >= size) {
${report}    return u32(clamp(index, ${zero}, size - ${cast}(1)));
  }
  return u32(index);
}
`;
}
