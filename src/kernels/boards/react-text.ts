import { kernelText } from "../source.ts";
import { axesOf, spaceText } from "./cells-text.ts";
import { asField, asWord, ExpressionTexts } from "./expression-text.ts";
import { foldText } from "./fold-text.ts";
import type { Parameters } from "./parameters.ts";
import type { BoardForm, FieldType, ReactProgram } from "./program.ts";
import { drawsRandom, ownColumns, randomText } from "./random-text.ts";
import { runsText } from "./runs-text.ts";

/** What agents react to: a board, and where its messages have their fields. */
export interface Seen {
  readonly form: BoardForm;
  readonly types: readonly FieldType[];
  /** The message columns that place it. */
  readonly place: readonly number[];
  /** Agents are taken in the order of their messages, so that neighbours follow each other. */
  readonly inOrder: boolean;
}

/**
 * "short": a thread an agent. "long": a thread takes a chunk of agents. "listed": the same in three loops, lists of the
 * messages that are seen, what they come to, and the folds, of which compilers make vectors.
 */
export type ReactShape = "short" | "long" | "listed";

export interface ReactText {
  readonly text: string;
  readonly parameters: Parameters;
  readonly constants: Readonly<Record<string, number>>;
}

export function reactText(program: ReactProgram, seen: Seen | undefined, shape: ReactShape): ReactText {
  const { inputs, accumulators, writes, alive, child } = program;
  const texts = new ExpressionTexts(inputs);
  const { parameters: p } = texts;
  const initial = texts.render(
    accumulators.map((each) => each.initial),
    "i",
  );
  const folding = seen === undefined ? { body: "", lists: [] } : foldText(program, seen, shape, texts);
  const looking = texts.render(program.at, "l");
  const renewed = [...(alive === undefined ? [] : [alive]), ...(child === undefined ? [] : [child.when])];
  const after = texts.render(
    [...writes.map(({ value }) => value), ...renewed, ...(child?.columns ?? [])],
    "u",
  );
  const { results } = after;
  const stores = writes.map(
    ({ column }, at) =>
      `state[${p.add("stride")} * ${column}u + agent] = ${asWord(program.types[column] ?? "u32", results[at] ?? "")};`,
  );
  const lifecycle: string[] = [];
  if (alive !== undefined || child !== undefined) {
    const living = alive === undefined ? "1u" : `select(0u, 1u, ${results[writes.length]})`;
    const bornAt = writes.length + (alive === undefined ? 0 : 1);
    lifecycle.push(`flags[agent] = ${living};`);
    lifecycle.push(
      `flags[${p.add("count")} + agent] = ${child === undefined ? "0u" : `select(0u, 1u, ${results[bornAt]})`};`,
    );
    for (const [at] of (child?.columns ?? []).entries()) {
      const word = asWord(program.types[at + 1] ?? "u32", results[bornAt + 1 + at] ?? "");
      lifecycle.push(`children[${p.add("count")} * ${at}u + agent] = ${word};`);
    }
  }
  const mine = ownColumns(texts.used).map(
    (column) =>
      `let me${column} = ${asField(program.types[column] ?? "u32", `state[${p.add("stride")} * ${column}u + agent]`)};`,
  );
  const agentBody = [
    mine.join("\n"),
    randomText(texts.used, p),
    initial.body,
    accumulators.map((_, at) => `var fold${at} = ${initial.results[at]};`).join("\n"),
    looking.body,
    seen === undefined ? "" : lookText(seen, looking.results, p),
    folding.body,
    after.body,
    ...stores,
    ...lifecycle,
  ].join("\n");
  const body = agentsText(
    shape,
    seen?.inOrder ?? false,
    agentBody,
    [texts.constantLets(), ...folding.lists],
    p,
  );
  const declared = [
    "@group(0) @binding(1) var<storage, read_write> state: array<u32>;",
    ...(seen === undefined
      ? []
      : [
          "@group(0) @binding(2) var<storage, read> messages: array<u32>;",
          "@group(0) @binding(3) var<storage, read> starts: array<u32>;",
          "@group(0) @binding(4) var<storage, read_write> faults: array<atomic<u32>>;",
          ...(seen.inOrder ? ["@group(0) @binding(8) var<storage, read> order: array<u32>;"] : []),
          ...(seen.form.kind === "spatial" ? [spaceText(seen.form, p)] : []),
          runsText(seen.form, p),
        ]),
    ...(alive === undefined && child === undefined
      ? []
      : ["@group(0) @binding(5) var<storage, read_write> flags: array<u32>;"]),
    ...(child === undefined ? [] : ["@group(0) @binding(6) var<storage, read_write> children: array<u32>;"]),
    ...(drawsRandom(texts.used) ? [kernelText("philox.wgsl")] : []),
    texts.functions(),
  ].join("\n");
  return {
    text: `${declared}\n${p.declaration()}\n${body}`,
    parameters: p,
    constants: texts.constants(),
  };
}

function agentsText(
  shape: ReactShape,
  inOrder: boolean,
  body: string,
  lists: readonly string[],
  p: Parameters,
): string {
  const count = p.add("count");
  const agent = inOrder ? "order[place & 0x7fffffffu]" : "place";
  if (shape === "short") {
    return `@compute @workgroup_size(128)
fn react(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let place = id.x + id.y * groups.x * 128u;
  if (place >= ${count}) { return; }
  let agent = ${agent};
  ${lists.join("\n  ")}
  ${body}
}`;
  }
  const chunk = p.add("chunk");
  return `@compute @workgroup_size(1)
fn react(@builtin(workgroup_id) id: vec3<u32>) {
  let end = min((id.x + 1u) * ${chunk}, ${count});
  ${lists.join("\n  ")}
  for (var place = id.x * ${chunk}; place < end; place++) {
    let agent = (${agent}) & 0x7fffffffu;
    ${body}
  }
}`;
}

/** Where an agent looks: a cell of space, or the place that it gave. */
function lookText({ form }: Seen, at: readonly string[], p: Parameters): string {
  const places = at.map((text, axis) => {
    if (form.kind === "spatial") return `cell_${axis}(${text})`;
    if (form.kind !== "array") return text;
    const size = `i32(${p.add(`cells ${axis}`)})`;
    const near = `clamp(${text}, -1073741824, 1073741824)`;
    return form.wrap ? `((${near} % ${size}) + ${size}) % ${size}` : near;
  });
  const own = form.kind === "array" && !form.own ? ownText(form, places, p) : "";
  const from =
    form.kind === "spatial"
      ? [
          ...at.map((text, axis) => `let at_${axis} = ${text};`),
          `let radius_squared = ${p.f32("radius_squared")};`,
        ]
      : [];
  return `${from.join("\n")}\nvar looked = look(${places.join(", ")});\n${own}`;
}

/** The messages at an agent's own place of an array, which it does not see. */
function ownText(form: BoardForm, places: readonly string[], p: Parameters): string {
  const names = axesOf(form).map((axis) => `own_${axis}`);
  const inside = names.map((name, axis) => `${name} >= 0 && ${name} < i32(${p.add(`cells ${axis}`)})`);
  const [x = "0", y, z] = names;
  const nx = `i32(${p.add("cells 0")})`;
  const cell =
    y === undefined
      ? x
      : z === undefined
        ? `${y} * ${nx} + ${x}`
        : `(${z} * i32(${p.add("cells 1")}) + ${y}) * ${nx} + ${x}`;
  return `${names.map((name, axis) => `let ${name} = ${places[axis]};`).join("\n")}
var own_first = 0u;
var own_count = 0u;
if (${inside.join(" && ")}) {
  own_first = starts[${cell}];
  own_count = starts[${cell} + 1] - own_first;
}`;
}
