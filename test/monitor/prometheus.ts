/** A strict reader of Prometheus' text format: throws where a scraper might be lenient. */

export interface ParsedValue {
  /** Of a histogram: "_bucket", "_sum" or "_count". */
  readonly suffix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ParsedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly values: readonly ParsedValue[];
}

const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

export function parsePrometheus(text: string): Map<string, ParsedMetric> {
  if (!text.endsWith("\n")) throw new Error("The last line does not end");
  const metrics = new Map<string, ParsedMetric>();
  const lines = text.slice(0, -1).split("\n");
  let at = 0;
  while (at < lines.length) {
    const help = /^# HELP (\S+) (.+)$/.exec(lines[at++] ?? "");
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(lines[at++] ?? "");
    if (help === null || type === null) throw new Error(`HELP and TYPE expected at line ${at - 1}`);
    const name = help[1] ?? "";
    if (type[1] !== name || !namePattern.test(name)) throw new Error(`bad name ${name}`);
    if (metrics.has(name)) throw new Error(`${name} comes twice`);
    const values: ParsedValue[] = [];
    while (at < lines.length && !lines[at]?.startsWith("#")) values.push(parseValue(lines[at++] ?? "", name));
    const isHistogram = type[2] === "histogram";
    for (const { suffix } of values) {
      if (isHistogram !== /^_(bucket|sum|count)$/.test(suffix))
        throw new Error(`${name} has ${name}${suffix}`);
    }
    if (values.length === 0) throw new Error(`${name} has no value`);
    const keys = values.map(({ labels, suffix }) => suffix + JSON.stringify(Object.entries(labels).sort()));
    if (new Set(keys).size !== keys.length) throw new Error(`${name} has a series twice`);
    metrics.set(name, { name, type: type[2] ?? "", help: help[2] ?? "", values });
  }
  return metrics;
}

function parseValue(line: string, name: string): ParsedValue {
  const parts = /^([^{ ]+)(\{.*\})? (\S+)$/.exec(line);
  if (parts === null || !parts[1]?.startsWith(name)) throw new Error(`not a value of ${name}: ${line}`);
  const text = parts[3] ?? "";
  const special: Record<string, number> = { "+Inf": Infinity, "-Inf": -Infinity, NaN: Number.NaN };
  const value = special[text] ?? Number(text);
  if (Number.isNaN(value) && text !== "NaN") throw new Error(`not a number: ${line}`);
  return { suffix: parts[1].slice(name.length), labels: parseLabels(parts[2]), value };
}

function parseLabels(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const labels: Record<string, string> = {};
  let rest = text.slice(1, -1);
  for (;;) {
    const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(,|$)/.exec(rest);
    if (label === null) throw new Error(`bad labels: ${text}`);
    const [whole, key = "", raw = "", comma] = label;
    if (Object.hasOwn(labels, key)) throw new Error(`label ${key} twice`);
    labels[key] = raw.replaceAll(/\\(.)/g, (_, one: string) => (one === "n" ? "\n" : one));
    rest = rest.slice(whole.length);
    if (comma === "") return labels;
  }
}
