/** Parts of time as texts name them. */
export const partNames: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "hour",
    "minute",
    "second",
    "millisecond",
    "microsecond",
  ].flatMap((part) => [
    [part, part],
    [`${part}s`, part],
  ]),
);
