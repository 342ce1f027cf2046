/** What was thrown, in words. Anything can be thrown, also what throws when it is made text. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return "something that cannot be shown";
  }
}
