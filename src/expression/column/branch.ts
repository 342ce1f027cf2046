export interface Branch<E> {
  readonly when: E;
  readonly then: E;
}

/** What a case gives where a condition holds. */
export function branchOf<E>(condition: E, value: E): Branch<E> {
  return { when: condition, ["then" as const]: value };
}
