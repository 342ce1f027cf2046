import { sameShape } from "../../core/shape.ts";
import type { NamedTensors } from "./executor.ts";
import type { Plan } from "./run-plan.ts";

interface Known {
  readonly plan: Plan;
  /** The inputs whose elements decided shapes, as they were. */
  readonly decisive: NamedTensors;
}

const mostPlans = 64;

/** Plans by the types and shapes of their inputs, and by the elements of those that decided shapes. */
export class Plans {
  readonly #known = new Map<string, Known[]>();
  #count = 0;

  find(inputs: NamedTensors): Plan | undefined {
    return this.#known.get(keyOf(inputs))?.find(({ decisive }) => sameElements(decisive, inputs))?.plan;
  }

  add(inputs: NamedTensors, plan: Plan): Plan {
    const decisive = Object.fromEntries(
      [...plan.decisive].flatMap((name) => {
        const tensor = inputs[name];
        return tensor === undefined ? [] : [[name, { ...tensor, data: tensor.data.slice() }]];
      }),
    );
    if (this.#count >= mostPlans) this.#known.clear();
    this.#count = this.#count >= mostPlans ? 1 : this.#count + 1;
    const key = keyOf(inputs);
    this.#known.set(key, [...(this.#known.get(key) ?? []), { plan, decisive }]);
    return plan;
  }
}

function keyOf(inputs: NamedTensors): string {
  return Object.entries(inputs)
    .map(([name, { dtype, shape }]) => `${name} ${dtype} ${shape.join(",")}`)
    .sort()
    .join("\n");
}

function sameElements(decisive: NamedTensors, inputs: NamedTensors): boolean {
  return Object.entries(decisive).every(([name, { shape, data }]) => {
    const given = inputs[name];
    if (given === undefined || !sameShape(given.shape, shape)) return false;
    return (
      data.length === given.data.length &&
      Array.from<unknown>(data as ArrayLike<unknown>).every((value, at) => value === given.data[at])
    );
  });
}
