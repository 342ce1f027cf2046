import { inRows } from "../../kernels/grid.ts";
import type { Buffer } from "./buffer.ts";
import type { PlanBuilder } from "./builder.ts";
import { type Dispatch, threadsFor, Words } from "./step.ts";
import { storageOf } from "./types.ts";

export interface Cells {
  readonly label: string;
  readonly inputs: Readonly<Record<string, Buffer>>;
  readonly outputs: Readonly<Record<string, Buffer>>;
  readonly scratch?: Readonly<Record<string, Buffer>>;
  /** Fields of the parameters `p`: whole numbers; negative ones wrap. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Declares `fn cell(i: u32)`, which writes what belongs to index `i`. */
  readonly text: string;
  readonly count: number;
  /** Roughly how many steps one cell takes. */
  readonly work: number;
}

/** A kernel that computes `count` independent things, each by one thread. */
export function cellStep(builder: PlanBuilder, cells: Cells): void {
  const { label, outputs, scratch = {}, sizes, text, count, work } = cells;
  const inputs = apart(builder, cells.inputs);
  const { long } = builder.traits;
  const words = new Words();
  const threads = threadsFor(count * work, 8192);
  const chunk = Math.ceil(count / threads);
  words.addAll({ count, chunk, ...sizes });
  const written = { ...outputs, ...scratch };
  const names = [...Object.entries(inputs), ...Object.entries(written)];
  const declared = names.map(([name, buffer], at) => {
    const access = name in written ? "read_write" : "read";
    return `@group(0) @binding(${at + 1}) var<storage, ${access}> ${name}: array<${storageOf(buffer.dtype)}>;\n`;
  });
  const main = long
    ? `@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) id: vec3<u32>) {
  let first = id.x * p.chunk;
  let last = min(first + p.chunk, p.count);
  for (var i = first; i < last; i++) {
    cell(i);
  }
}
`
    : `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.x + id.y * groups.x * 64u;
  if (i < p.count) {
    cell(i);
  }
}
`;
  const dispatch: Dispatch = {
    label,
    text: [words.text, ...declared, text, main].join(""),
    entryPoint: "main",
    bindings: Object.fromEntries(names),
    parameters: words.bytes,
    workgroups: long ? [Math.ceil(count / Math.max(1, chunk)), 1] : inRows(Math.ceil(count / 64)),
  };
  builder.emit({
    label,
    operators: [builder.operator],
    reads: [...new Set(Object.values(inputs))],
    writes: Object.values(outputs),
    scratch: Object.values(scratch),
    flops: count * work,
    replaceable: [],
    dispatches: () => (count === 0 ? [] : [dispatch]),
  });
}

/** A device binds no buffer twice where it also writes next to it. */
function apart(
  builder: PlanBuilder,
  inputs: Readonly<Record<string, Buffer>>,
): Readonly<Record<string, Buffer>> {
  const seen = new Set<Buffer>();
  return Object.fromEntries(
    Object.entries(inputs).map(([name, buffer]) => {
      if (!seen.has(buffer)) {
        seen.add(buffer);
        return [name, buffer];
      }
      const copy = builder.buffer(buffer.dtype, buffer.length);
      builder.write(builder.leaf(buffer, [buffer.length]), copy);
      return [name, copy];
    }),
  );
}
