import type { DType } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import { denseStrides } from "../core/strides.ts";
import type { Expression } from "../expression/expression.ts";
import type { OperationReport, RunOptions } from "../runtime/index.ts";
import type { AnyStorage } from "./storage.ts";
import type { Layout, View } from "./view.ts";

/** How numbers follow from others. Operands have the shape of the result. */
export type Definition =
  | { readonly kind: "elementwise"; readonly expression: Expression; readonly operands: readonly Node[] }
  | { readonly kind: "view"; readonly base: Node; readonly view: View };

/** Computes what a lazy node stands for, once. */
export type Evaluate = (node: Node, options: RunOptions) => Promise<AnyStorage>;

/**
 * Numbers that are in dense storage or follow from others by a definition. Whoever needs a node retains it; the last to
 * release it frees its storage, so that a lazy matrix keeps what it is computed from.
 */
export class Node {
  readonly shape: Shape;
  readonly dtype: DType;
  report: OperationReport | undefined;
  /** The evaluation under way, shared by all who ask for it. */
  pending: Promise<AnyStorage> | undefined;
  readonly #evaluate: Evaluate | undefined;
  #storage: AnyStorage | undefined;
  #definition: Definition | undefined;
  #users = 0;
  #isAbandoned = false;

  private constructor(shape: Shape, dtype: DType, evaluate?: Evaluate) {
    this.shape = shape;
    this.dtype = dtype;
    this.#evaluate = evaluate;
  }

  /** Takes the storage over. */
  static stored(storage: AnyStorage, shape: Shape): Node {
    const node = new Node(shape, storage.dtype);
    node.#storage = storage;
    return node;
  }

  static defined(definition: Definition, shape: Shape, dtype: DType, evaluate: Evaluate): Node {
    const node = new Node(shape, dtype, evaluate);
    node.#definition = definition;
    for (const operand of operandsOf(definition)) operand.retain();
    return node;
  }

  get storage(): AnyStorage | undefined {
    return this.#storage;
  }

  get definition(): Definition | undefined {
    return this.#definition;
  }

  /** Its numbers in dense storage, computed now where they are not there yet. */
  async evaluated(options: RunOptions): Promise<AnyStorage | undefined> {
    return denseStorageOf(this) ?? this.#evaluate?.(this, options);
  }

  /** Keeps what was computed; what it was computed from is not needed any more. */
  settle(storage: AnyStorage, report: OperationReport | undefined): void {
    this.#storage = storage;
    this.report = report;
    this.#forget();
  }

  retain(): void {
    this.#users++;
  }

  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    this.#free();
    this.#forget();
  }

  /** Releases it for somebody who was collected. Work may go on with its storage, which then is collected, too, not disposed. */
  abandon(): void {
    this.#isAbandoned = true;
    this.release();
  }

  #free(): void {
    if (!this.#isAbandoned) this.#storage?.dispose();
  }

  /** Not recursive: chains may be long. */
  #forget(): void {
    const freed: Node[] = [this];
    for (let node = freed.pop(); node !== undefined; node = freed.pop()) {
      const operands = operandsOf(node.#definition);
      node.#definition = undefined;
      for (const operand of operands) {
        operand.#users--;
        if (operand.#users > 0) continue;
        operand.#free();
        freed.push(operand);
      }
    }
  }
}

export function operandsOf(definition: Definition | undefined): readonly Node[] {
  if (definition === undefined) return [];
  return definition.kind === "view" ? [definition.base] : definition.operands;
}

export function denseLayout(shape: Shape): Layout {
  return { strides: denseStrides(shape), offset: 0 };
}

/** Whether a layout is that of dense data; axes of size 1 may have any stride. */
export function isDense({ strides, offset }: Layout, shape: Shape): boolean {
  const dense = denseStrides(shape);
  return offset === 0 && shape.every((size, axis) => size === 1 || strides[axis] === dense[axis]);
}

/** The storage that holds a node's numbers as they are, its own or that of what it is a view of. */
export function denseStorageOf(node: Node): AnyStorage | undefined {
  const views: { readonly view: View; readonly shape: Shape }[] = [];
  let base = node;
  for (; base.storage === undefined; ) {
    const { definition } = base;
    if (definition?.kind !== "view") return undefined;
    views.push({ view: definition.view, shape: base.shape });
    base = definition.base;
  }
  if (views.length === 0) return base.storage;
  let layout: Layout | undefined = denseLayout(base.shape);
  for (const { view } of views.toReversed()) layout = layout && view.apply(layout);
  const isWhole = base.storage.length === node.shape.reduce((count, size) => count * size, 1);
  return layout !== undefined && isWhole && isDense(layout, node.shape) ? base.storage : undefined;
}
