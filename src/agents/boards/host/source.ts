import type { ConstantValue, Expression } from "../../../expression/index.ts";
import { toJavascript } from "../../../expression/javascript.ts";
import type {
  BoardForm,
  FieldType,
  Inputs,
  PostProgram,
  ReactProgram,
} from "../../../kernels/boards/index.ts";

/** The body of a function. */
export interface HostSource {
  readonly source: string;
}

class Texts {
  readonly used = new Set<string>();
  readonly #inputs: Inputs;

  constructor(inputs: Inputs) {
    this.#inputs = inputs;
  }

  render(expressions: readonly Expression[], prefix: string): { body: string; results: readonly string[] } {
    const code = toJavascript(expressions, {
      input: (index) => {
        const name = this.#inputs.names[index] ?? "";
        this.used.add(name);
        return name;
      },
      constant: (at) => `c${at}`,
    });
    const named = (text: string) =>
      text
        .replaceAll(/\bv(\d+)\b/g, `${prefix}$1`)
        .replaceAll(/\bc(\d+)\b/g, (_, at) => `(${literal(code.constants[Number(at)] ?? 0)})`);
    return { body: named(code.body), results: code.results.map(named) };
  }

  columns(prefix: string): number[] {
    const pattern = new RegExp(`^${prefix}\\d+$`);
    return [...this.used]
      .filter((name) => pattern.test(name))
      .map((name) => Number(name.slice(prefix.length)));
  }

  /** The agent's columns that are read, and its random numbers. */
  own(types: readonly FieldType[]): string {
    const random = this.columns("random");
    const lines = this.columns("me")
      .filter((column) => column > 0)
      .map((column) => `const me${column} = state_${types[column]}[stride * ${column} + agent];`);
    lines.push("const me0 = state_u32[agent];");
    for (const block of new Set(random.map((each) => each >> 2))) {
      lines.push(`const words${block} = philox([me0, step, stage, ${block}], seed);`);
    }
    for (const each of random) {
      lines.push(`const random${each} = (words${each >> 2}[${each & 3}] >>> 8) * 2 ** -24;`);
    }
    return lines.join("\n");
  }
}

/** What loops read, as names of views and as numbers in the text: engines then know their types. */
function preludeSource(form: BoardForm | undefined): string {
  const views = ["state", "raw", "messages", "edges", "children"].flatMap((name) =>
    ["u32", "i32", "f32"].map((type) => `const ${name}_${type} = ${name}.${type};`),
  );
  if (form === undefined) return views.join("\n");
  const lists = (["cells", "reach", "origin", "cellsPerUnit", "period"] as const).flatMap((name) =>
    form[name].map((value, axis) => `const form_${name}${axis} = ${literal(value)};`),
  );
  const numbers = (["vertices", "edges", "limit"] as const).map(
    (name) => `const form_${name} = ${literal(form[name])};`,
  );
  return [...views, ...lists, ...numbers].join("\n");
}

function literal(value: ConstantValue): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Each agent writes a message to `raw` and its cell to the last column. */
export function postSource(program: PostProgram, form: BoardForm, types: readonly FieldType[]): HostSource {
  const texts = new Texts(program.inputs);
  const { fields, when } = program;
  const code = texts.render([...fields, ...(when === undefined ? [] : [when])], "v");
  const place = program.place.map((column) => code.results[column] ?? "");
  const { test, cell } = placeSource(form, place);
  const source = `for (let agent = first; agent < last; agent++) {
${texts.own(types)}
${code.body}
const at = base + agent;
${fields.map(({ type }, at) => `raw_${type}[rawStride * ${at} + at] = ${code.results[at]};`).join("\n")}
const isWritten = ${when === undefined ? "true" : code.results[fields.length]};
const isPlaced = ${test};
raw_u32[rawStride * ${fields.length} + at] = isWritten && isPlaced ? ${cell} : cells;
if (isWritten && !isPlaced) {
  if (faults[0]++ === 0) faults[1] = agent;
}
}`;
  return { source: `${preludeSource(form)}\n${source}` };
}

function placeSource(form: BoardForm, place: readonly string[]): { test: string; cell: string } {
  if (form.kind === "brute") return { test: "true", cell: "0" };
  const spatial = form.kind === "spatial";
  const test = place.map((text, axis) => {
    if (!spatial) return `(${text}) >>> 0 < form_cells${axis}`;
    if (!form.wrap) return `Number.isFinite(${text})`;
    return `${text} >= form_origin${axis} && ${text} < Math.fround(form_origin${axis} + form_period${axis})`;
  });
  const at = place.map((text, axis) => (spatial ? cellSource(text, axis) : text));
  return { test: test.join(" && "), cell: joinedCells(at) };
}

function cellSource(place: string, axis: number): string {
  const cell = `f.toI32(Math.floor(Math.fround(Math.fround(${place} - form_origin${axis}) * form_cellsPerUnit${axis})))`;
  return `Math.max(0, Math.min(form_cells${axis} - 1, ${cell}))`;
}

function joinedCells([x = "0", y, z]: readonly string[]): string {
  if (y === undefined) return x;
  const plane = z === undefined ? y : `(${z} * form_cells1 + ${y})`;
  return `${plane} * form_cells0 + ${x}`;
}

/** Each agent from `first` to `last` takes its messages together, cell by cell, and changes. */
export function reactSource(
  program: ReactProgram,
  form: BoardForm | undefined,
  messages: { readonly types: readonly FieldType[]; readonly place: readonly number[] },
): HostSource {
  const texts = new Texts(program.inputs);
  const { accumulators, writes, alive, child, types } = program;
  const initial = texts.render(
    accumulators.map((each) => each.initial),
    "i",
  );
  const next = texts.render(
    accumulators.map((each) => each.next),
    "n",
  );
  const looking = texts.render(program.at, "l");
  const after = texts.render(
    [
      ...writes.map(({ value }) => value),
      ...(alive === undefined ? [] : [alive]),
      ...(child === undefined ? [] : [child.when, ...child.columns]),
    ],
    "u",
  );
  const { results } = after;
  const aliveAt = writes.length;
  const childAt = aliveAt + (alive === undefined ? 0 : 1);
  const loads = texts
    .columns("message")
    .map(
      (column) =>
        `const message${column} = messages_${messages.types[column]}[messageStride * ${column} + at];`,
    );
  const ways = form?.kind === "spatial" ? waySource(form, messages.place, looking.results) : [];
  const isSeen = form?.kind === "spatial" ? "squared <= radiusSquared" : "true";
  const each = `for (let at = starts[cell]; at < starts[cell + 1]; at++) {
${[...(form?.kind === "spatial" ? [farSource(form, messages.place, looking.results)] : []), ...loads, ...ways].join("\n")}
if (!(${isSeen})) continue;
${next.body}
${accumulators.map((_, at) => `const next${at} = ${next.results[at]};`).join("\n")}
${accumulators.map((_, at) => `fold${at} = next${at};`).join("\n")}
}`;
  const source = `const radiusSquared = ${literal(Math.fround((form?.radius ?? 0) ** 2))};
for (let agent = first; agent < last; agent++) {
${texts.own(types)}
${initial.body}
${accumulators.map((_, at) => `let fold${at} = ${accumulators[at]?.type === "f32" ? `Math.fround(${initial.results[at]})` : initial.results[at]};`).join("\n")}
${looking.body}
${form === undefined ? "" : lookSource(form, looking.results, each)}
${after.body}
${writes.map(({ column }, at) => `state_${types[column]}[stride * ${column} + agent] = ${results[at]};`).join("\n")}
${alive === undefined && child === undefined ? "" : `flags[agent] = ${alive === undefined ? "1" : `${results[aliveAt]} ? 1 : 0`};`}
${
  alive === undefined && child === undefined
    ? ""
    : `flags[count + agent] = ${child === undefined ? "0" : `${results[childAt]} ? 1 : 0`};`
}
${(child?.columns ?? []).map((_, at) => `children_${types[at + 1]}[count * ${at} + agent] = ${results[childAt + 1 + at]};`).join("\n")}
}`;
  return { source: `${preludeSource(form)}\n${source}` };
}

function waySource(form: BoardForm, place: readonly number[], at: readonly string[]): readonly string[] {
  const lines = place.map((column, axis) => {
    const name = `d${"xyz"[axis]}`;
    const load = `messages_f32[messageStride * ${column} + at]`;
    const straight = `Math.fround(${load} - ${at[axis]})`;
    if (!form.wrap) return `const ${name} = ${straight};`;
    const [half, period] = [`Math.fround(form_period${axis} / 2)`, `form_period${axis}`];
    return `let ${name} = ${straight};
if (${name} > ${half}) ${name} = Math.fround(${name} - ${period});
else if (${name} < -${half}) ${name} = Math.fround(${name} + ${period});`;
  });
  const squares = place.map((_, axis) => `Math.fround(d${"xyz"[axis]} * d${"xyz"[axis]})`);
  const sum = squares.reduce((left, right) => `Math.fround(${left} + ${right})`);
  return [...lines, `const squared = ${sum};`];
}

/** Most messages are plainly too far, which doubles tell without rounding each step to f32: that takes four times as long. */
function farSource(form: BoardForm, place: readonly number[], at: readonly string[]): string {
  const ways = place.map((column, axis) => {
    const name = `way${axis}`;
    const straight = `let ${name} = messages_f32[messageStride * ${column} + at] - ${at[axis]};`;
    if (!form.wrap) return straight;
    const period = `form_period${axis}`;
    return `${straight}
if (${name} > ${period} / 2) ${name} -= ${period};
else if (${name} < -${period} / 2) ${name} += ${period};`;
  });
  const squared = place.map((_, axis) => `way${axis} * way${axis}`).join(" + ");
  return `${ways.join("\n")}\nif (${squared} > ${form.radius ** 2 * 1.0001}) continue;`;
}

/** The cells that an agent sees, counted first and then gone through. */
function lookSource(form: BoardForm, at: readonly string[], each: string): string {
  const cells = (body: string) => cellsSource(form, at, body);
  const fold = cells(each);
  if (form.limit === Number.POSITIVE_INFINITY) return fold;
  return `let met = 0;
{
${cells("met += starts[cell + 1] - starts[cell];")}
}
if (met > form_limit) {
  if (faults[4]++ === 0) faults[5] = agent;
} else {
${fold}
}`;
}

function cellsSource(form: BoardForm, at: readonly string[], body: string): string {
  const [x = "0"] = at;
  switch (form.kind) {
    case "brute":
      return `{ const cell = 0;\n${body}\n}`;
    case "bucket":
      return `if (${x} < form_cells0) { const cell = ${x};\n${body}\n}`;
    case "graph":
      return `if (${x} < form_vertices) for (let edge = edges_u32[${x}]; edge < edges_u32[${x} + 1]; edge++) {
const cell = edges_u32[form_vertices + 1 + edge];
const weight = edges_f32[form_vertices + 1 + form_edges + edge];
${body}
}`;
    default:
      return gridSource(form, at, body);
  }
}

function gridSource(form: BoardForm, at: readonly string[], body: string): string {
  const axes = at.map((_, axis) => axis).reverse();
  const centre = at.map((text, axis) => {
    if (form.kind === "spatial") return `const centre${axis} = ${cellSource(text, axis)};`;
    const size = `form_cells${axis}`;
    const near = `Math.max(-1073741824, Math.min(1073741824, ${text}))`;
    return `const centre${axis} = ${form.wrap ? `((${near} % ${size}) + ${size}) % ${size}` : near};`;
  });
  const isDiamond = form.neighbourhood === "vonNeumann";
  const opened = axes.map((axis) => {
    const size = `form_cells${axis}`;
    const farther = axes.filter((other) => other > axis).map((other) => `away${other}`);
    const reach =
      isDiamond && axis === 0 ? [`form_reach${axis}`, ...farther].join(" - ") : `form_reach${axis}`;
    const away = form.wrap
      ? `Math.min(Math.abs(offset${axis}), ${size} - Math.abs(offset${axis}))`
      : `Math.abs(offset${axis})`;
    const place = form.wrap
      ? `const place${axis} = (centre${axis} + offset${axis} + ${size}) % ${size};`
      : `const place${axis} = centre${axis} + offset${axis};
if (place${axis} < 0 || place${axis} >= ${size}) continue;`;
    return `const reach${axis} = ${reach};
const all${axis} = ${form.wrap} && reach${axis} >= 0 && 2 * reach${axis} + 1 >= ${size};
const from${axis} = all${axis} ? -centre${axis} : -reach${axis};
const to${axis} = all${axis} ? ${size} - 1 - centre${axis} : reach${axis};
for (let offset${axis} = from${axis}; offset${axis} <= to${axis}; offset${axis}++) {
${place}
const away${axis} = ${away};`;
  });
  const own =
    form.kind === "array" && !form.own
      ? `if (${at.map((_, axis) => `place${axis} === centre${axis}`).join(" && ")}) continue;`
      : "";
  return `{
${centre.join("\n")}
${opened.join("\n")}
${own}
const cell = ${joinedCells(at.map((_, axis) => `place${axis}`))};
${body}
${axes.map(() => "}").join("")}
}`;
}
