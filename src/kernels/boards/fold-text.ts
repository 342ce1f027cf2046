import { asField, columnsOf, type ExpressionTexts, namesRead, splitAtFolds } from "./expression-text.ts";
import type { Parameters } from "./parameters.ts";
import type { BoardForm, ReactProgram } from "./program.ts";
import type { ReactShape, Seen } from "./react-text.ts";

/** Messages in a list at a time: what they come to stays in the cache. */
const listLength = 256;

/**
 * Distances are taken of so many messages at once, up to so many words past the last: a run of cells is short, and what
 * remains of a vector would be done one by one.
 */
export const overread = 32;

export interface FoldText {
  readonly body: string;
  /** Declarations that a thread needs once. */
  readonly lists: readonly string[];
}

/** Statements that take the accumulators through all messages an agent sees, in their order. */
export function foldText(
  program: ReactProgram,
  seen: Seen,
  shape: ReactShape,
  texts: ExpressionTexts,
): FoldText {
  const fold = shape === "listed" ? listedFold(program, seen, texts) : plainFold(program, seen, texts);
  return {
    body: `var met = 0u;\n${fold.body}`,
    lists: fold.lists,
  };
}

/** Gives up on an agent that would see too many messages: the run fails. */
function crowdText({ limit }: BoardForm, p: Parameters): string {
  if (limit === Number.POSITIVE_INFINITY) return "";
  return `met += ends.y - ends.x;
  if (met > ${p.add("limit")}) {
    atomicAdd(&faults[${p.add("faults")} + 4u], 1u);
    atomicMin(&faults[${p.add("faults")} + 5u], agent);
    break;
  }`;
}

function isFiltered({ kind, own }: BoardForm): boolean {
  return kind === "spatial" || (kind === "array" && !own);
}

function plainFold(program: ReactProgram, seen: Seen, texts: ExpressionTexts): FoldText {
  const expressions = program.accumulators.map(({ next }) => next);
  const next = texts.render(expressions, "n");
  const folds = `${next.body}\n${stepText(next.results)}`;
  const names = namesRead(expressions, program.inputs);
  const body = `for (var run = 0u; run < looked.runs; run++) {
  let ends = next_run(&looked);
  ${crowdText(seen.form, texts.parameters)}
  for (var at = ends.x; at < ends.y; at++) {
    ${loadsText(seen, names, texts.parameters)}
    ${isFiltered(seen.form) ? `if (${filterText(seen)}) {\n${folds}\n}` : folds}
  }
}`;
  return { body, lists: [] };
}

/** Three loops: which messages are seen, what of them does not depend on the folds, the folds. */
function listedFold(program: ReactProgram, seen: Seen, texts: ExpressionTexts): FoldText {
  const { parameters: p } = texts;
  const { parts, rewritten } = splitAtFolds(
    program.accumulators.map(({ next }) => next),
    program.inputs,
  );
  const part = texts.render(parts, "p");
  const next = texts.render(rewritten, "n");
  const stored = parts.map(({ type }, at) => {
    const value = part.results[at] ?? "";
    return `part_list${at}[k] = ${type === "bool" ? `select(0u, 1u, ${value})` : value};`;
  });
  const loaded = parts.map(({ type }, at) => {
    const value = `part_list${at}[k]`;
    return `let part${at}${type} = ${type === "bool" ? `${value} != 0u` : value};`;
  });
  const lists = parts.map(
    ({ type }, at) => `var part_list${at}: array<${type === "bool" ? "u32" : type}, ${listLength}>;`,
  );
  const folding = (message: string, end: string) => `for (var k = 0u; k < ${end}; k++) {
      let at = ${message};
      ${loadsText(seen, namesRead(parts, program.inputs), texts.parameters)}
      ${part.body}
      ${stored.join("\n      ")}
    }
    for (var k = 0u; k < n; k++) {
      ${loaded.join("\n      ")}
      ${next.body}
      ${stepText(next.results)}
    }`;
  if (!isFiltered(seen.form)) {
    const body = `for (var run = 0u; run < looked.runs; run++) {
  let ends = next_run(&looked);
  ${crowdText(seen.form, texts.parameters)}
  for (var first = ends.x; first < ends.y; first += ${listLength}u) {
    let n = min(ends.y - first, ${listLength}u);
    ${folding("first + k", "n")}
  }
}`;
    return { body, lists };
  }
  // Compilers make vectors of loads whose indices plainly do not wrap.
  const firsts = seen.place.map(
    (column) => `let first_${column} = (${p.add("messages")} * ${column}u + first) & 0x7fffffffu;`,
  );
  const filter = loadsText(seen, new Set(["squared"]), p, (column) => `first_${column} + k`);
  const body = `var n = 0u;
for (var run = 0u; run <= looked.runs; run++) {
  var ends = vec2<u32>(0u, 0u);
  if (run < looked.runs) { ends = next_run(&looked); }
  ${crowdText(seen.form, p)}
  var first = ends.x;
  loop {
    if (first < ends.y) {
      ${firsts.join("\n      ")}
      var hits = 0u;
      let length = min(ends.y - first, ${overread}u);
      let whole = ((length + 7u) / 8u) * 8u;
      for (var k = 0u; k < whole; k++) {
        ${filter}
        hits |= select(0u, 1u << k, squared <= radius_squared);
      }
      hits &= 0xffffffffu >> (${overread}u - length);
      while (hits != 0u) {
        list[n] = first + countTrailingZeros(hits);
        hits &= hits - 1u;
        n++;
      }
      first += ${overread}u;
    }
    if (n > ${listLength - overread}u || run == looked.runs) {
      let end = ((n + 7u) / 8u) * 8u;
      for (var k = n; k < end; k++) { list[k] = list[0u]; }
      ${folding("list[k]", "end")}
      n = 0u;
    }
    if (first >= ends.y) { break; }
  }
}`;
  return { body, lists: [`var list: array<u32, ${listLength}>;`, ...lists] };
}

/** All accumulators take their next value at once. */
function stepText(results: readonly string[]): string {
  return [
    ...results.map((result, at) => `let next${at} = ${result};`),
    ...results.map((_, at) => `fold${at} = next${at};`),
  ].join("\n");
}

function filterText({ form }: Seen): string {
  return form.kind === "spatial" ? "squared <= radius_squared" : "at - own_first >= own_count";
}

/** Loads of what is read of message `at`, and the way from the agent to it. */
function loadsText(
  seen: Seen,
  names: ReadonlySet<string>,
  p: Parameters,
  indexOf = (column: number) => `(${p.add("messages")} * ${column}u + at) & 0x7fffffffu`,
): string {
  const { form, types, place } = seen;
  const wantsWay = form.kind === "spatial";
  const columns = new Set([...columnsOf(names, "message"), ...(wantsWay ? place : [])]);
  const loads = [...columns].map((column) => {
    const word = `messages[${indexOf(column)}]`;
    return `let message${column} = ${asField(types[column] ?? "u32", word)};`;
  });
  if (names.has("weight")) {
    loads.push("let weight = looked.weight;");
  }
  if (wantsWay) loads.push(wayText(form, place, p));
  return loads.join("\n    ");
}

/** Where space is periodic, the shorter way. */
function wayText(form: BoardForm, place: readonly number[], p: Parameters): string {
  const lines = place.map((column, axis) => {
    const name = `d${"xyz"[axis]}`;
    if (!form.wrap) return `let ${name} = message${column} - at_${axis};`;
    const [half, period] = [p.f32(`half period ${axis}`), p.f32(`period ${axis}`)];
    return `let straight_${axis} = message${column} - at_${axis};
let nearer_${axis} = select(straight_${axis}, straight_${axis} + ${period}, straight_${axis} < -${half});
let ${name} = select(nearer_${axis}, straight_${axis} - ${period}, straight_${axis} > ${half});`;
  });
  const squares = place.map((_, axis) => `d${"xyz"[axis]} * d${"xyz"[axis]}`);
  return `${lines.join("\n")}\nlet squared = ${squares.join(" + ")};`;
}
