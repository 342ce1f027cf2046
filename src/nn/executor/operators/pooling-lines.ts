import { elementCount } from "../../../core/shape.ts";
import type { PlanBuilder, Value } from "../builder.ts";
import { cellStep } from "../cells.ts";
import { constantWords } from "../scalars.ts";
import { elementAt } from "../types.ts";
import type { Window } from "./convolution.ts";
import { nanTest } from "./reduction.ts";

export interface LinePool {
  readonly label: string;
  /** What each result starts as. */
  readonly start: number;
  /** What `old` becomes with `value`. */
  readonly combine: string;
  /** Divides by the elements of the window that count: those of the image, or of the image with its padding. */
  readonly mean?: "inside" | "padded" | undefined;
}

export const largestInLine: LinePool = {
  label: "largest",
  start: Number.NEGATIVE_INFINITY,
  combine: `select(old, value, value > old || ${nanTest("f32")("value")})`,
};

/** Indices that cannot wrap: compilers make vectors of no others. */
const small = "0x7fffffffu";

/** For CPU-type devices: a thread takes whole lines of the result, tap by tap, so that compilers see vectors. f32 only. */
export function pooledByLines(builder: PlanBuilder, x: Value, window: Window, pool: LinePool): Value {
  const { kernel, strides, dilations, pads, ends, size, result } = window;
  const planes = elementCount(x.shape.slice(0, 2));
  const shape = [...x.shape.slice(0, 2), ...(x.shape.length === 3 ? [result[1]] : result)];
  const out = builder.buffer(x.dtype, elementCount(shape));
  const step = strides[1];
  const along = step === 1 ? "x" : `${step}u * x`;
  const counted = (axis: "y" | "x", extent: string) => `fn count_${axis}(first: i32) -> u32 {
  var count = 0u;
  for (var k = 0u; k < p.kernel_${axis}; k++) {
    let at = first + i32(k * p.dilation_${axis});
    count += select(0u, 1u, at >= ${pool.mean === "padded" ? `-i32(p.pad_${axis})` : "0"} && at < i32(p.${extent}));
  }
  return count;
}
`;
  const divide = `
  let across = count_y(first_y);
  for (var x = 0u; x < p.columns; x++) {
    result[to + x] = result[to + x] / f32(max(1u, across * count_x(i32(x * p.stride_x) - i32(p.pad_x))));
  }`;
  const padded = pool.mean === "padded";
  cellStep(builder, {
    label: `${pool.label} ${size.join("x")} to ${result.join("x")} by ${kernel.join("x")}`,
    inputs: { source: builder.dense(x) },
    outputs: { result: out },
    sizes: {
      ...{ height: size[0], width: size[1], kernel_y: kernel[0], kernel_x: kernel[1] },
      ...{ rows: result[0], columns: result[1], stride_y: strides[0], stride_x: strides[1] },
      ...{ dilation_y: dilations[0], dilation_x: dilations[1], pad_y: pads[0], pad_x: pads[1] },
      ...{ counted_y: size[0] + (padded ? ends[0] : 0), counted_x: size[1] + (padded ? ends[1] : 0) },
      start: elementAt(constantWords("f32", pool.start), 0),
    },
    text: `${pool.mean === undefined ? "" : `${counted("y", "counted_y")}${counted("x", "counted_x")}`}${
      isInside(window)
        ? insideText(window, pool)
        : `fn cell(i: u32) {
  let plane = i / p.rows;
  let to = (i * p.columns) & ${small};
  let first_y = i32((i % p.rows) * p.stride_y) - i32(p.pad_y);
  let start = bitcast<f32>(p.start);
  for (var x = 0u; x < p.columns; x++) {
    result[to + x] = start;
  }
  for (var ky = 0u; ky < ${kernel[0]}u; ky++) {
    let y = first_y + i32(ky * p.dilation_y);
    if (y < 0 || y >= i32(p.height)) {
      continue;
    }
    let line = (plane * p.height + u32(y)) * p.width;
    for (var kx = 0u; kx < ${kernel[1]}u; kx++) {
      let source_x = i32(kx * p.dilation_x) - i32(p.pad_x);
      let before = u32(max(0, (${step - 1} - source_x) / ${step}));
      let last = u32(clamp((i32(p.width) - source_x + ${step - 1}) / ${step}, 0, i32(p.columns)));
      let first = (line + bitcast<u32>(source_x) + ${step}u * before) & ${small};
      let target_at = (to + before) & ${small};
      let count = min(max(last, before) - before, 0xffffffu);
      for (var x = 0u; x < count; x++) {
        let value = source[first + ${along}];
        let old = result[target_at + x];
        result[target_at + x] = ${pool.combine};
      }
    }
  }${pool.mean === undefined ? "" : divide}
}
`
    }`,
    count: planes * result[0],
    work: 2 * kernel[0] * kernel[1] * result[1],
  });
  return builder.leaf(out, shape);
}

const mostTaps = 16;

/** Whether every window lies inside the image, and has few enough elements to name each. */
function isInside({ kernel, strides, dilations, pads, size, result }: Window): boolean {
  const reaches = (at: 0 | 1) =>
    pads[at] === 0 && (result[at] - 1) * strides[at] + (kernel[at] - 1) * dilations[at] < size[at];
  return reaches(0) && reaches(1) && kernel[0] * kernel[1] <= mostTaps;
}

function insideText({ kernel, strides, dilations }: Window, pool: LinePool): string {
  const taps: string[] = [];
  for (let ky = 0; ky < kernel[0]; ky++) {
    for (let kx = 0; kx < kernel[1]; kx++) {
      taps.push(
        `value = source[line_${ky} + ${strides[1]}u * x + ${kx * dilations[1]}u];\n    old = ${pool.combine};`,
      );
    }
  }
  const lines = Array.from(
    { length: kernel[0] },
    (_, ky) => `  let line_${ky} = (first + ${ky * dilations[0]}u * p.width) & ${small};`,
  );
  return `fn cell(i: u32) {
  let first = (i / p.rows * p.height + i % p.rows * p.stride_y) * p.width;
  let to = (i * p.columns) & ${small};
${lines.join("\n")}
  let start = bitcast<f32>(p.start);
  let count = min(p.columns, 0xffffffu);
  for (var x = 0u; x < count; x++) {
    var old = start;
    var value = 0.0;
    ${taps.join("\n    ")}
    result[to + x] = old${pool.mean === undefined ? "" : ` / ${kernel[0] * kernel[1]}.0`};
  }
}
`;
}
