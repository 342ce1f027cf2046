/** JSON that also tells bigints from numbers and -0 from 0, so that different values have different keys. */
export function keyText(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    typeof item === "bigint" ? `${item}n` : Object.is(item, -0) ? "-0" : item,
  );
}
