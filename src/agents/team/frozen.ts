/** Freezes all the way down; what is frozen already was frozen here. */
export function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) {
    return value;
  }
  Object.freeze(value);
  for (const item of Object.values(value)) frozen(item);
  return value;
}
