import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import type { AxisSizes, KernelOptions } from "./axis.ts";
import { dispatchWords, type ElementBytes, wordText } from "./gather.ts";
import { kernelOn, kernelText } from "./source.ts";

export interface PadArguments extends AxisSizes {
  /** `outer * n * inner` numbers of `bytes` bytes, whole words of memory. */
  readonly source: DeviceBuffer | BufferView;
  readonly bytes: ElementBytes;
  /** `outer * (before + n + after) * inner` numbers, whole words of memory. */
  readonly result: DeviceBuffer | BufferView;
  /** Numbers to add; a negative count leaves some out. */
  readonly before: number;
  readonly after: number;
  readonly mode: "constant" | "edge" | "reflect" | "wrap";
  /** For "constant": the bits of the number, two words for 8 bytes. Default 0. */
  readonly value?: readonly [number, number?];
}

/** Enqueues padding along one axis. Modes other than "constant" need `n` to be at least 1; reflections do not repeat the edge. */
export async function padAxis(
  device: Device,
  work: PadArguments,
  options: KernelOptions = {},
): Promise<void> {
  const { source, bytes, result, before, after, mode, value = [0, 0], outer, n, inner } = work;
  const m = before + n + after;
  const count = outer * Math.max(0, m) * inner;
  if (count === 0) return;
  const inWords = (inner * bytes) % 4 === 0;
  const isConstant = mode === "constant";
  const text = [
    chosenTexts[mode],
    inWords ? givenText(isConstant) : isConstant ? constantText(bytes) : wordText(bytes),
    kernelText(inWords ? "gather-runs.wgsl" : "gather.wgsl"),
  ].join("");
  const kernel = await kernelOn(device, text, { label: `pad ${mode}` });
  const words = Math.ceil((count * bytes) / 4);
  const low = inWords ? filled(bytes, value[0]) : value[0];
  const high = bytes === 8 ? (value[1] ?? 0) : low;
  const more = [before >>> 0, low >>> 0, high >>> 0] as const;
  dispatchWords(
    device,
    kernel,
    {
      bindings: { source, result },
      words,
      sizes: [n, m, inWords ? (inner * bytes) / 4 : inner],
      count,
      more,
    },
    options,
  );
}

/** A word of as many copies as it holds. */
function filled(bytes: ElementBytes, value: number): number {
  if (bytes === 1) return Math.imul(value & 0xff, 0x01010101);
  return bytes === 2 ? Math.imul(value & 0xffff, 0x00010001) : value;
}

function givenText(isConstant: boolean): string {
  const given = isConstant ? "j - parameters.before < parameters.n" : "true";
  return `fn is_given(j: u32) -> bool { return ${given}; }\n`;
}

const offset = "let at = i32(j) - i32(parameters.before);\n  let n = i32(parameters.n);";
const chosenTexts: Readonly<Record<PadArguments["mode"], string>> = {
  constant: `fn chosen(outer: u32, j: u32, column: u32) -> u32 { return j - parameters.before; }\n`,
  edge: `fn chosen(outer: u32, j: u32, column: u32) -> u32 {
  ${offset}
  return u32(clamp(at, 0, n - 1));
}
`,
  reflect: `fn chosen(outer: u32, j: u32, column: u32) -> u32 {
  ${offset}
  let period = max(1, 2 * (n - 1));
  let turned = (at % period + period) % period;
  return u32(select(turned, period - turned, turned >= n));
}
`,
  wrap: `fn chosen(outer: u32, j: u32, column: u32) -> u32 {
  ${offset}
  return u32((at % n + n) % n);
}
`,
};

/** Outside the source, the constant's bits. */
function constantText(bytes: ElementBytes): string {
  const bits = bytes === 8 ? "select(parameters.low, parameters.high, word % 2u == 1u)" : "parameters.low";
  const inside = `fn is_inside(i: u32) -> bool {
  return i / parameters.inner % parameters.m - parameters.before < parameters.n;
}
`;
  if (bytes >= 4) {
    const number = bytes === 8 ? "word / 2u" : "word";
    const at = bytes === 8 ? "taken(word / 2u) * 2u + word % 2u" : "taken(word)";
    return `${inside}fn word_at(word: u32) -> u32 {
  if (is_inside(${number})) { return source[${at}]; }
  return ${bits};
}
`;
  }
  const each = 4 / bytes;
  const mask = bytes === 1 ? "0xffu" : "0xffffu";
  return `${inside}fn word_at(word: u32) -> u32 {
  var made = 0u;
  for (var k = 0u; k < ${each}u; k++) {
    let i = word * ${each}u + k;
    if (i < parameters.count) {
      var number = parameters.low;
      if (is_inside(i)) {
        let at = taken(i);
        number = source[at / ${each}u] >> (at % ${each}u * ${bytes * 8}u);
      }
      made |= (number & ${mask}) << (k * ${bytes * 8}u);
    }
  }
  return made;
}
`;
}
