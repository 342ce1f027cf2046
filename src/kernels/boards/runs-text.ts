import type { Parameters } from "./parameters.ts";
import type { BoardForm } from "./program.ts";

/**
 * Text of `look`, which finds out where an agent looks, and of `next_run`, which gives the runs of messages one after the
 * other; both work on a `Look`, of which `runs` is how many there are. `starts` has the first message of each cell.
 */
export function runsText(form: BoardForm, p: Parameters): string {
  switch (form.kind) {
    case "brute":
      return `struct Look { runs: u32 }
fn look() -> Look { return Look(1u); }
fn next_run(at: ptr<function, Look>) -> vec2<u32> { return vec2<u32>(starts[0], starts[1]); }
`;
    case "bucket":
      return `struct Look { runs: u32, cell: u32 }
fn look(x: u32) -> Look { return Look(select(0u, 1u, x < ${p.add("cells 0")}), x); }
fn next_run(at: ptr<function, Look>) -> vec2<u32> {
  return vec2<u32>(starts[(*at).cell], starts[(*at).cell + 1u]);
}
`;
    case "graph":
      return `@group(0) @binding(7) var<storage, read> edges: array<u32>;
struct Look { runs: u32, edge: u32, weight: f32 }
fn look(x: u32) -> Look {
  if (x >= ${p.add("vertices")}) { return Look(0u, 0u, 0.0); }
  return Look(edges[x + 1u] - edges[x], ${p.add("vertices")} + 1u + edges[x], 0.0);
}
fn next_run(at: ptr<function, Look>) -> vec2<u32> {
  let edge = (*at).edge;
  (*at).edge = edge + 1u;
  (*at).weight = bitcast<f32>(edges[edge + ${p.add("edges")}]);
  let vertex = edges[edge];
  return vec2<u32>(starts[vertex], starts[vertex + 1u]);
}
`;
    default:
      return gridText(form, p);
  }
}

/** Neighbouring cells in rows along the first axis; a row that wraps is two runs. */
function gridText(form: BoardForm, p: Parameters): string {
  const { dimensions, wrap } = form;
  const sizes = [0, 1, 2].map((axis) => `i32(${p.add(`cells ${axis}`)})`);
  const [nx = "", ny = ""] = sizes;
  const [reach = "", ...reaches] = [0, 1, 2].map((axis) => `i32(${p.add(`reach ${axis}`)})`);
  const names = ["y", "z"].slice(0, dimensions - 1);
  const isDiamond = form.neighbourhood === "vonNeumann";
  const spans = names.map((name, at) => spanText(name, sizes[at + 1] ?? "", reaches[at] ?? "", wrap));
  const rows = names.map((name) => `max(span_${name}.y, 0)`).join(" * ") || "1";
  const places = names.map((name, at) => axisText(name, sizes[at + 1] ?? "", wrap, isDiamond));
  const distance = names.map((name) => `away_${name}`).join(" + ") || "0";
  const base = dimensions === 1 ? "0" : dimensions === 2 ? `y * ${nx}` : `(z * ${ny} + y) * ${nx}`;
  const fields = names.map((name) => `, ${name}: i32, span_${name}: vec2<i32>, row_${name}: i32`);
  const first = names.map((name) => `, ${name}, span_${name}, 0`);
  return `struct Look { runs: u32, x: i32, half: i32${fields.join("")} }
fn look(x: i32${names.map((name) => `, ${name}: i32`).join("")}) -> Look {
  ${spans.join("\n  ")}
  return Look(u32(${rows})${wrap ? " * 2u" : ""}, x, 0${first.join("")});
}
fn next_run(at: ptr<function, Look>) -> vec2<u32> {
  ${places.join("\n  ")}
  ${stepText(names, wrap)}
  let reach = ${isDiamond ? `${reach} - (${distance})` : reach};
  if (reach < 0) { return vec2<u32>(0u, 0u); }
  let base = ${base};
  ${wrap ? wrappedRow(nx) : plainRow(nx)}
}
`;
}

/** To the next run: the other half of a row, the next row, the next layer. */
function stepText(names: readonly string[], wrap: boolean): string {
  const rows = names.reduceRight(
    (inner, name, at) =>
      `(*at).row_${name} += 1;${
        at + 1 < names.length
          ? `
    if ((*at).row_${name} >= (*at).span_${name}.y) {
      (*at).row_${name} = 0;
      ${inner}
    }`
          : ""
      }`,
    "",
  );
  if (!wrap) return rows;
  return `let isSecond = (*at).half == 1;
  (*at).half = 1 - (*at).half;
  if (isSecond) {
    ${rows}
  }`;
}

/** First place and count of the places along an axis; all of them, once, where an agent's reach wraps over itself. */
function spanText(name: string, size: string, reach: string, wrap: boolean): string {
  if (!wrap) {
    return `let first_${name} = max(${name} - ${reach}, 0);
  let span_${name} = vec2<i32>(first_${name}, min(${name} + ${reach}, ${size} - 1) - first_${name} + 1);`;
  }
  return `let all_${name} = 2 * ${reach} + 1 >= ${size};
  let span_${name} = select(vec2<i32>(${name} - ${reach}, 2 * ${reach} + 1), vec2<i32>(0, ${size}), all_${name});`;
}

function axisText(name: string, size: string, wrap: boolean, isDiamond: boolean): string {
  const open = `(*at).span_${name}.x + (*at).row_${name}`;
  const place = wrap
    ? `let open_${name} = ${open};
  let ${name} = select(select(open_${name}, open_${name} + ${size}, open_${name} < 0), open_${name} - ${size}, open_${name} >= ${size});`
    : `let ${name} = ${open};`;
  const straight = `abs(${name} - (*at).${name})`;
  const away = wrap ? `min(${straight}, ${size} - ${straight})` : straight;
  return isDiamond ? `${place}\n  let away_${name} = ${away};` : place;
}

function plainRow(size: string): string {
  return `let first = max((*at).x - reach, 0);
  let last = min((*at).x + reach, ${size} - 1);
  if (first > last) { return vec2<u32>(0u, 0u); }
  return vec2<u32>(starts[base + first], starts[base + last + 1]);`;
}

function wrappedRow(size: string): string {
  return `let first = (*at).x - reach;
  let last = (*at).x + reach;
  if (2 * reach + 1 >= ${size}) {
    if (isSecond) { return vec2<u32>(0u, 0u); }
    return vec2<u32>(starts[base], starts[base + ${size}]);
  }
  if (first < 0) {
    if (isSecond) { return vec2<u32>(starts[base], starts[base + last + 1]); }
    return vec2<u32>(starts[base + first + ${size}], starts[base + ${size}]);
  }
  if (last >= ${size}) {
    if (isSecond) { return vec2<u32>(starts[base], starts[base + last - ${size} + 1]); }
    return vec2<u32>(starts[base + first], starts[base + ${size}]);
  }
  if (isSecond) { return vec2<u32>(0u, 0u); }
  return vec2<u32>(starts[base + first], starts[base + last + 1]);`;
}
