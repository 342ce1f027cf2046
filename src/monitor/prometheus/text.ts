export type Labels = Readonly<Record<string, string>>;

export interface Value {
  readonly labels: Labels;
  readonly value: number | undefined;
  readonly suffix?: string;
}

export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** Of a histogram, with a `suffix` each: `_bucket` with a label `le`, `_sum`, `_count`. */
  readonly values: readonly Value[];
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/; values that are not there are left out. */
export function formatMetrics(metrics: readonly Metric[]): string {
  return metrics.map(formatMetric).join("");
}

function formatMetric({ name, type, help, values }: Metric): string {
  const lines = values.flatMap(({ labels, value, suffix = "" }) =>
    value === undefined || Number.isNaN(value)
      ? []
      : [`${name}${suffix}${formatLabels(labels)} ${formatValue(value)}\n`],
  );
  if (lines.length === 0) return "";
  return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([key, text]) => `${key}="${escapeText(text).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

export function formatValue(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
