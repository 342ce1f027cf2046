import { elementAt } from "./types.ts";

/** Where the elements of a tensor lie in a buffer: element `i` at `offset + sum(i[d] * strides[d])`. */
export interface View {
  readonly strides: readonly number[];
  readonly offset: number;
}

export function denseStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let at = shape.length - 2; at >= 0; at--) {
    strides[at] = elementAt(strides, at + 1) * Math.max(1, elementAt(shape, at + 1));
  }
  return strides;
}

/** Whether the view is the row-major one from the buffer's start. */
export function isDense(shape: readonly number[], { strides, offset }: View): boolean {
  if (offset !== 0) return false;
  const dense = denseStrides(shape);
  return shape.every((size, at) => size === 1 || strides[at] === dense[at]);
}

export function transposed({ strides, offset }: View, order: readonly number[]): View {
  return { strides: order.map((at) => elementAt(strides, at)), offset };
}

/** Stretches dimensions of size 1; new dimensions come in front. */
export function expanded(view: View, from: readonly number[], to: readonly number[]): View {
  const added = to.length - from.length;
  const strides = to.map((size, at) => {
    if (at < added) return 0;
    return from[at - added] === 1 && size !== 1 ? 0 : elementAt(view.strides, at - added);
  });
  return { strides, offset: view.offset };
}

export function sliced(view: View, starts: readonly number[], steps: readonly number[]): View {
  let { offset } = view;
  const strides = view.strides.map((stride, at) => {
    offset += elementAt(starts, at) * stride;
    return stride * elementAt(steps, at);
  });
  return { strides, offset };
}

/** The same elements in another shape, where strides can say so. */
export function reshaped(view: View, from: readonly number[], to: readonly number[]): View | undefined {
  if (from.includes(0) || to.includes(0)) return { strides: denseStrides(to), offset: view.offset };
  const old = from.flatMap((size, at) => (size === 1 ? [] : [{ size, stride: elementAt(view.strides, at) }]));
  const strides = new Array<number>(to.length).fill(0);
  let target = 0;
  let source = 0;
  while (source < old.length || target < to.length) {
    let have = 1;
    let want = 1;
    const firstSource = source;
    const firstTarget = target;
    if (source < old.length) have = elementAt(old, source++).size;
    if (target < to.length) want = elementAt(to, target++);
    while (have !== want) {
      if (have < want) have *= elementAt(old, source++).size;
      else want *= elementAt(to, target++);
    }
    for (let at = firstSource; at + 1 < source; at++) {
      const outer = elementAt(old, at);
      const inner = elementAt(old, at + 1);
      if (outer.stride !== inner.size * inner.stride) return undefined;
    }
    let stride = source > firstSource ? elementAt(old, source - 1).stride : 0;
    for (let at = target - 1; at >= firstTarget; at--) {
      strides[at] = stride;
      stride *= elementAt(to, at);
    }
  }
  return { strides, offset: view.offset };
}

/** Joins neighbouring dimensions that all views step through as one. The last dimension keeps `inner` elements where given. */
export function collapsed(
  shape: readonly number[],
  views: readonly View[],
  inner?: number,
): { readonly shape: number[]; readonly views: View[] } {
  const sizes: number[] = [];
  const strides: number[][] = views.map(() => []);
  let tail = 1;
  let closed = inner === 1;
  for (let at = shape.length - 1; at >= 0; at--) {
    const size = elementAt(shape, at);
    if (size === 1) continue;
    const innermost = sizes[0];
    const joins =
      innermost !== undefined &&
      !closed &&
      views.every((view, v) => {
        const after = elementAt(strides, v)[0] ?? 0;
        return elementAt(view.strides, at) === after * innermost;
      });
    if (joins && innermost !== undefined) sizes[0] = innermost * size;
    else {
      sizes.unshift(size);
      views.forEach((view, v) => {
        elementAt(strides, v).unshift(elementAt(view.strides, at));
      });
    }
    tail *= size;
    closed = tail === inner;
  }
  if (sizes.length === 0 || inner === 1) {
    sizes.push(1);
    for (const each of strides) each.push(0);
  }
  return {
    shape: sizes,
    views: views.map(({ offset }, v) => ({ strides: elementAt(strides, v), offset })),
  };
}
