/** Disposes a value if it can be; used where a result arrives after nobody wants it any more. */
export function disposeIfAble(value: unknown): void {
  if (isDisposable(value)) value[Symbol.dispose]();
}

function isDisposable(value: unknown): value is Disposable {
  return typeof value === "object" && value !== null && Symbol.dispose in value;
}
