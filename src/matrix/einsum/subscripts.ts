import { formatShape, type Shape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";

/** What a subscript text says, with a size for every index. An ellipsis has become indices of its own, "0", "1", … */
export interface Subscripts {
  /** The indices of each operand, one an axis. */
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
}

function invalid(text: string, problem: string, hint?: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", { message: `einsum "${text}": ${problem}`, hint });
}

/** Reads NumPy's notation for operands of these shapes. Throws INVALID_ARGUMENT naming the subscript that is wrong. */
export function parseSubscripts(text: string, shapes: readonly Shape[]): Subscripts {
  if (typeof text !== "string") {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `einsum: the subscripts are ${typeof text}, not a text`,
    });
  }
  const [left = "", right, ...more] = text.replaceAll(/\s/g, "").split("->");
  if (more.length > 0) throw invalid(text, 'more than one "->"');
  const terms = left.split(",").map((term) => scan(text, term));
  if (terms.length !== shapes.length) {
    throw invalid(text, `${terms.length} operands are named, ${shapes.length} were given`);
  }
  const most = Math.max(0, ...terms.map((term, at) => ellipsisRank(text, term, shapes[at] ?? [], at)));
  const operands = terms.map((term, at) => {
    const rank = (shapes[at]?.length ?? 0) - (term.length - 1);
    return term.flatMap((part) => (part === "..." ? broadcastIndices(most).slice(most - rank) : [part]));
  });
  const sizes = sizesOf(text, operands, shapes);
  const output =
    right === undefined
      ? implicitOutput(operands, most)
      : explicitOutput(text, scan(text, right), sizes, most);
  return { operands, output, sizes };
}

/** Letters, and "..." in one piece. */
function scan(text: string, term: string): string[] {
  const parts = term.match(/\.\.\.|[\s\S]/gu) ?? [];
  for (const part of parts) {
    if (part === "..." || /^[a-zA-Z]$/.test(part)) continue;
    throw invalid(text, `"${part}" is no index`, 'Indices are letters; "..." stands for the other axes.');
  }
  if (parts.filter((part) => part === "...").length > 1) {
    throw invalid(text, `"${term}" has more than one ellipsis`);
  }
  return parts;
}

function ellipsisRank(text: string, term: readonly string[], shape: Shape, at: number): number {
  const named = term.filter((part) => part !== "...").length;
  const hasEllipsis = named < term.length;
  if (hasEllipsis ? shape.length >= named : shape.length === named) return shape.length - named;
  throw invalid(
    text,
    `"${term.join("")}" names ${named} axes, operand ${at} is ${formatShape(shape)} and has ${shape.length}`,
    hasEllipsis ? undefined : 'Name every axis, or write "..." for those that are not named.',
  );
}

function broadcastIndices(count: number): string[] {
  return Array.from({ length: count }, (_, axis) => String(axis));
}

/** One size an index; axes of size 1 go with any other. */
function sizesOf(
  text: string,
  operands: readonly (readonly string[])[],
  shapes: readonly Shape[],
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const [at, indices] of operands.entries()) {
    for (const [axis, index] of indices.entries()) {
      const size = shapes[at]?.[axis] ?? 1;
      const known = sizes.get(index) ?? 1;
      if (known !== 1 && size !== 1 && known !== size) {
        const name = /\d/.test(index) ? "an axis of the ellipsis" : `index "${index}"`;
        throw invalid(text, `${name} is ${known} in one place and ${size} in operand ${at}`);
      }
      sizes.set(index, known === 1 ? size : known);
    }
  }
  return sizes;
}

function implicitOutput(operands: readonly (readonly string[])[], ellipsis: number): string[] {
  const counts = new Map<string, number>();
  for (const index of operands.flat()) counts.set(index, (counts.get(index) ?? 0) + 1);
  const once = [...counts].filter(([index, count]) => count === 1 && !/\d/.test(index));
  return [...broadcastIndices(ellipsis), ...once.map(([index]) => index).sort()];
}

function explicitOutput(
  text: string,
  parts: readonly string[],
  sizes: ReadonlyMap<string, number>,
  ellipsis: number,
): string[] {
  if (ellipsis > 0 && !parts.includes("...")) {
    throw invalid(
      text,
      `the result does not say where the ${ellipsis} axes of the ellipsis go`,
      'Write "..." after "->".',
    );
  }
  for (const [at, part] of parts.entries()) {
    if (part === "...") continue;
    if (!sizes.has(part)) throw invalid(text, `index "${part}" of the result is in no operand`);
    if (parts.indexOf(part) !== at) throw invalid(text, `index "${part}" is twice in the result`);
  }
  return parts.flatMap((part) => (part === "..." ? broadcastIndices(ellipsis) : [part]));
}
