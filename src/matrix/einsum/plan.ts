import type { Subscripts } from "./subscripts.ts";

/** Two operands by their place in the list: both leave it, their product joins its end. */
export interface Contraction {
  readonly left: number;
  readonly right: number;
  /** The indices of the product: in both and kept, only in the left one, only in the right one. */
  readonly shared: readonly string[];
  readonly ofLeft: readonly string[];
  readonly ofRight: readonly string[];
  /** In both, and summed over. */
  readonly summed: readonly string[];
}

/**
 * The order of products, two operands at a time: next the pair that shrinks what is stored most, and of equals the cheapest.
 * Smith and Gray, "opt_einsum", Journal of Open Source Software, 2018. Indices that only one operand has and nobody needs
 * must be summed before.
 */
export function planContractions({ operands, output, sizes }: Subscripts): Contraction[] {
  const rest = operands.map((indices) => new Set(indices));
  const steps: Contraction[] = [];
  while (rest.length > 1) {
    let best: { step: Contraction; growth: number; cost: number } | undefined;
    for (let left = 0; left < rest.length; left++) {
      for (let right = left + 1; right < rest.length; right++) {
        const step = contractionOf(rest, left, right, output);
        const { shared, ofLeft, ofRight, summed } = step;
        const made = sizeOf([...shared, ...ofLeft, ...ofRight], sizes);
        const growth = made - sizeOf(rest[left] ?? [], sizes) - sizeOf(rest[right] ?? [], sizes);
        const cost = made * sizeOf(summed, sizes);
        if (best === undefined || growth < best.growth || (growth === best.growth && cost < best.cost))
          best = { step, growth, cost };
      }
    }
    if (best === undefined) break;
    const { step } = best;
    steps.push(step);
    rest.splice(step.right, 1);
    rest.splice(step.left, 1);
    rest.push(new Set([...step.shared, ...step.ofLeft, ...step.ofRight]));
  }
  return steps;
}

function sizeOf(indices: Iterable<string>, sizes: ReadonlyMap<string, number>): number {
  let size = 1;
  for (const index of indices) size *= sizes.get(index) ?? 1;
  return size;
}

function contractionOf(
  rest: readonly ReadonlySet<string>[],
  left: number,
  right: number,
  output: readonly string[],
): Contraction {
  const [a, b] = [rest[left] ?? new Set<string>(), rest[right] ?? new Set<string>()];
  const needed = new Set(output);
  for (const [at, indices] of rest.entries()) {
    if (at === left || at === right) continue;
    for (const index of indices) needed.add(index);
  }
  const both = [...a].filter((index) => b.has(index));
  return {
    left,
    right,
    shared: both.filter((index) => needed.has(index)),
    summed: both.filter((index) => !needed.has(index)),
    ofLeft: [...a].filter((index) => !b.has(index)),
    ofRight: [...b].filter((index) => !a.has(index)),
  };
}
