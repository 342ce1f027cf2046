import { elementCount } from "../core/shape.ts";
import { input, substitute } from "../expression/build.ts";
import { computeType, type Expression, nodesOf } from "../expression/expression.ts";
import { type Definition, denseLayout, type Node, operandsOf } from "./node.ts";
import type { Layout, View } from "./view.ts";

/** A node whose numbers are in dense storage when the plan runs, and how the result steps through them. */
export interface Leaf {
  readonly node: Node;
  readonly layout: Layout;
}

export interface Plan {
  /** To be evaluated before, in this order: they are leaves. */
  readonly first: readonly Node[];
  /** Of the leaves, in order. */
  readonly expression: Expression;
  readonly leaves: readonly Leaf[];
}

/** A node as one expression of leaves, which are numbered for the whole plan. */
interface Flat {
  readonly expression: Expression;
  readonly leaves: ReadonlySet<number>;
  readonly size: number;
}

const mostLeaves = 6;
/** Past this, a kernel gains nothing by fusing more, and takes longer to compile. */
const mostNodes = 64;
/** Repeating an expression over so many elements costs more than a kernel of its own. */
const repeatedElements = 1 << 16;

/** How to compute a node by one fused operation, after those parts that do not fit into it. */
export function planOf(root: Node): Plan {
  return new Planner().plan(root);
}

class Planner {
  readonly #flats = new Map<Node, Flat>();
  readonly #leaves: Leaf[] = [];
  readonly #numbers = new Map<Node, Map<string, number>>();
  readonly #first: Node[] = [];

  plan(root: Node): Plan {
    for (const node of unevaluated(root)) {
      if (node.definition !== undefined) this.#flats.set(node, this.#flatten(node.definition));
    }
    const { expression, leaves } = this.#flatOf(root);
    const order = [...leaves].sort((a, b) => a - b);
    const renumbered: Expression[] = [];
    for (const [at, number] of order.entries()) {
      const leaf = this.#leaves[number];
      if (leaf !== undefined) renumbered[number] = input(at, computeType(leaf.node.dtype));
    }
    return {
      first: this.#first,
      expression: substitute(expression, renumbered),
      leaves: order.flatMap((number) => this.#leaves[number] ?? []),
    };
  }

  #flatOf(node: Node): Flat {
    return this.#flats.get(node) ?? this.#stored(node);
  }

  /** The node is one of the leaves. */
  #stored(node: Node): Flat {
    const flat = this.#leaf({ node, layout: denseLayout(node.shape) });
    this.#flats.set(node, flat);
    return flat;
  }

  #leaf(leaf: Leaf): Flat {
    const number = this.#numberOf(leaf);
    return {
      expression: input(number, computeType(leaf.node.dtype)),
      leaves: new Set([number]),
      size: 1,
    };
  }

  #numberOf(leaf: Leaf): number {
    const key = `${leaf.layout.offset}:${leaf.layout.strides.join()}`;
    const numbers = this.#numbers.get(leaf.node) ?? new Map<string, number>();
    this.#numbers.set(leaf.node, numbers);
    let number = numbers.get(key);
    if (number === undefined) {
      number = this.#leaves.push(leaf) - 1;
      numbers.set(key, number);
    }
    return number;
  }

  #flatten(definition: Definition): Flat {
    if (definition.kind === "view") return this.#viewed(definition.base, definition.view);
    const { expression, operands } = definition;
    for (;;) {
      const flats = operands.map((operand) => this.#flatOf(operand));
      const leaves = new Set(flats.flatMap((flat) => [...flat.leaves]));
      const whole = substitute(
        expression,
        flats.map((flat) => flat.expression),
      );
      const size = nodesOf([whole]).length;
      if (leaves.size <= mostLeaves && size <= mostNodes) return { expression: whole, leaves, size };
      const heaviest = operands
        .filter((operand) => this.#flatOf(operand).size > 1)
        .sort((a, b) => this.#weight(b) - this.#weight(a))[0];
      if (heaviest === undefined) return { expression: whole, leaves, size };
      this.#evaluateFirst(heaviest);
    }
  }

  #weight(node: Node): number {
    const { leaves, size } = this.#flatOf(node);
    return leaves.size * mostNodes + size;
  }

  #viewed(base: Node, view: View): Flat {
    const flat = this.#flatOf(base);
    const repeats = elementCount(view.shape) >= Math.max(repeatedElements, 4 * elementCount(base.shape));
    const moved = flat.size > 4 && repeats ? undefined : this.#moved(flat, view);
    if (moved !== undefined) return moved;
    this.#evaluateFirst(base);
    const again = this.#moved(this.#flatOf(base), view);
    if (again !== undefined) return again;
    this.#first.push(base);
    const stored = this.#stored(base);
    return this.#moved(stored, view) ?? stored;
  }

  #moved(flat: Flat, view: View): Flat | undefined {
    const inputs: Expression[] = [];
    const leaves = new Set<number>();
    for (const number of flat.leaves) {
      const leaf = this.#leaves[number];
      const layout = leaf === undefined ? undefined : view.apply(leaf.layout);
      if (leaf === undefined || layout === undefined) return undefined;
      const moved = this.#numberOf({ node: leaf.node, layout });
      inputs[number] = input(moved, computeType(leaf.node.dtype));
      leaves.add(moved);
    }
    return { expression: substitute(flat.expression, inputs), leaves, size: flat.size };
  }

  /** What is repeated by views is evaluated before it is repeated. */
  #evaluateFirst(node: Node): void {
    const views: { readonly node: Node; readonly base: Node; readonly view: View }[] = [];
    let target = node;
    for (let { definition } = target; definition?.kind === "view"; { definition } = target) {
      if (target.storage !== undefined || this.#first.includes(target)) break;
      views.push({ node: target, ...definition });
      target = definition.base;
    }
    if (target.storage === undefined && !this.#first.includes(target)) this.#first.push(target);
    this.#stored(target);
    for (const each of views.toReversed()) this.#flats.set(each.node, this.#viewed(each.base, each.view));
  }
}

/** All nodes that are not in storage, each after those it follows from. */
function unevaluated(root: Node): readonly Node[] {
  const seen = new Set<Node>();
  const nodes: Node[] = [];
  const stack: { readonly node: Node; readonly done: boolean }[] = [{ node: root, done: false }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, done } = top;
    if (done) nodes.push(node);
    else if (node.storage === undefined && !seen.has(node)) {
      seen.add(node);
      stack.push({ node, done: true });
      for (const operand of operandsOf(node.definition)) stack.push({ node: operand, done: false });
    }
  }
  return nodes;
}
