import { formatBytes } from "../core/bytes.ts";
import { typeText } from "../core/column-type.ts";
import { suggest } from "../core/suggest.ts";
import { formatOf } from "../data/files/formats.ts";
import type { WriteFormat } from "../data/files/write.ts";
import type { DataFrame, WriteOptions } from "../data/index.ts";
import {
  AggregateBuilder,
  ColumnBuilder,
  parseAggregates,
  parseColumns,
  parseSortKeys,
} from "../expression/column/index.ts";
import { open } from "../index.ts";
import { bar, counted, percent } from "./bars.ts";
import { type Command, type Invocation, UsageError } from "./command.ts";
import { formatMs } from "./table.ts";

const placements = ["auto", "gpu", "cpu"] as const;
const barWidth = 24;
const shownRows = 20;

export const data: Command = {
  usage: `Usage: aikoryu data FILE... [options]

Reads tables, computes, and shows the result or writes it. FILE is Parquet, CSV,
TSV, NDJSON, JSON or Arrow, also a quoted pattern such as 'trips-*.csv'; several
files are read one after the other. The steps run in this order:

  --filter EXPR         rows to keep: "distance > 3 and city like 'N%'"; repeatable
  --derive NAME=EXPR    a computed column: --derive "speed=distance / hours"; repeatable
  --group-by COLS       "city", or "city, year(day) as year"
  --agg LIST            "count(), mean(speed) as speed, max(distance)"
  --distinct            rows that differ
  --sort KEYS           "speed desc, city"
  --limit N             the first N rows
  --select COLS         these columns, in this order

What becomes of the result:

  --to FILE             write it: .parquet .csv .ndjson .arrow; an existing FILE is
                        replaced when all is done
  --schema              only the columns and their types
  --describe            statistics of each column
  --explain             what would run where, and why
  --placement auto|gpu|cpu   where to compute (default auto: the faster one)
  --strict              fail where the CPU would have taken over
  --json                rows, schema and the report of the call

Without --to, the first ${shownRows} rows are shown. In expressions, names with spaces
are "quoted" and text is in 'single quotes'. docs/data-expressions.md lists the
functions.
`,
  options: {
    filter: { type: "string", multiple: true },
    derive: { type: "string", multiple: true },
    "group-by": { type: "string" },
    agg: { type: "string" },
    distinct: { type: "boolean" },
    sort: { type: "string" },
    limit: { type: "string" },
    select: { type: "string" },
    to: { type: "string" },
    schema: { type: "boolean" },
    describe: { type: "boolean" },
    explain: { type: "boolean" },
    placement: { type: "string" },
    strict: { type: "boolean" },
  },
  async run(invocation) {
    const { positionals, terminal, signal, flag, text } = invocation;
    if (positionals.length === 0) throw usage("data needs a file");
    const to = text("to");
    const format = to === undefined ? undefined : formatToWrite(to);
    const placement = placementOf(invocation);
    const limit = limitOf(invocation);
    await using gpu = await open();
    terminal.progress(`opening ${positionals.join(", ")}`);
    const source = await gpu.data.read(positionals);
    const frame = steps(invocation, source, limit);
    if (flag("schema")) return showSchema(invocation, frame);
    const options = { placement, strict: flag("strict"), signal };
    if (flag("explain")) {
      const explanation = await frame.explain(options);
      terminal.json(explanation);
      terminal.print(String(explanation));
      return 0;
    }
    const onProgress = (share: number) => terminal.progress(`${bar(share, barWidth)} ${percent(share)}`);
    if (to !== undefined && format !== undefined) {
      return await write(invocation, frame, to, format, { signal, onProgress });
    }
    const result = flag("describe") ? await frame.describe(options) : frame;
    return await show(invocation, result, { ...options, onProgress });
  },
};

type Frame = DataFrame;
type Options = NonNullable<Parameters<Frame["collect"]>[0]>;

function steps({ texts, text, flag }: Invocation, source: Frame, limit: number | undefined): Frame {
  let frame = source;
  for (const predicate of texts("filter")) frame = frame.filter(predicate);
  for (const item of texts("derive")) {
    const [, name, expression] = /^\s*([^=]*?)\s*=([^=].*)$/s.exec(item) ?? [];
    if (name === undefined || name === "" || expression === undefined) {
      throw usage(`--derive is "${item}", not NAME=EXPR`);
    }
    frame = frame.derive({ [name]: expression });
  }
  frame = grouped(frame, text("group-by"), text("agg"));
  if (flag("distinct")) frame = frame.distinct();
  const sort = text("sort");
  if (sort !== undefined) frame = frame.orderBy(...parseSortKeys(sort));
  if (limit !== undefined) frame = frame.limit(limit);
  const selected = text("select");
  return selected === undefined ? frame : frame.select(columnsIn(selected));
}

function grouped(frame: Frame, keys: string | undefined, list: string | undefined): Frame {
  if (list === undefined) return keys === undefined ? frame : frame.select(columnsIn(keys)).distinct();
  const aggregates = parseAggregates(list).map(({ name, aggregate }) => [
    name,
    new AggregateBuilder<"any">(aggregate),
  ]);
  const columns: Readonly<Record<string, AggregateBuilder<"any">>> = Object.fromEntries(aggregates);
  return keys === undefined ? frame.aggregate(columns) : frame.groupBy(columnsIn(keys)).aggregate(columns);
}

/** Names and expressions, separated by commas: "city, distance / hours as speed". */
function columnsIn(list: string): Readonly<Record<string, ColumnBuilder<"any">>> {
  const columns = parseColumns(list).map(({ name, expression }) => [
    name,
    new ColumnBuilder<"any">(expression),
  ]);
  return Object.fromEntries(columns);
}

function showSchema({ terminal }: Invocation, frame: Frame): number {
  const columns = frame.schema.map(({ name, type }) => ({ name, type: typeText(type) }));
  terminal.json({ columns });
  const width = Math.max(0, ...columns.map(({ name }) => name.length));
  for (const { name, type } of columns) terminal.print(`${name.padEnd(width)}  ${type}`);
  return 0;
}

async function write(
  { terminal }: Invocation,
  frame: Frame,
  to: string,
  format: WriteFormat,
  options: WriteOptions,
): Promise<number> {
  const start = performance.now();
  terminal.progress(`writing ${to}`);
  const written = {
    parquet: () => frame.writeParquet(to, options),
    csv: () => frame.writeCsv(to, options),
    ndjson: () => frame.writeNdjson(to, options),
    arrow: () => frame.writeArrow(to, options),
  };
  const { rows, byteLength } = await written[format]();
  const ms = performance.now() - start;
  terminal.json({ output: to, rows, bytes: byteLength, ms });
  terminal.say(`${counted(rows, "row")} (${formatBytes(byteLength)}) in ${to}, ${formatMs(ms)} ms`);
  return 0;
}

function formatToWrite(to: string): WriteFormat {
  const format = formatOf(to);
  if (format !== "json" && !/\.(gz|zst|tsv)$/i.test(to)) return format;
  throw usage(`Cannot write ${to}: tables are written as .parquet, .csv, .ndjson or .arrow`);
}

async function show({ terminal }: Invocation, frame: Frame, options: Options): Promise<number> {
  const result = await frame.collect({ ...options, report: true });
  const { report } = result;
  terminal.json({
    rows: result.rows,
    columns: result.schema.map(({ name, type }) => ({ name, type: typeText(type) })),
    values: result,
    report,
  });
  for (const line of result.toString({ rows: shownRows, width: terminal.columns }).split("\n")) {
    terminal.print(line);
  }
  if (report !== undefined) {
    terminal.say(`${formatMs(report.totalMs)} ms on ${report.device}, because: ${report.reason}`);
  }
  return 0;
}

function limitOf(invocation: Invocation): number | undefined {
  const text = invocation.text("limit");
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw usage(`--limit is "${text}", not a whole number`);
}

function placementOf(invocation: Invocation): (typeof placements)[number] {
  const given = invocation.text("placement") ?? "auto";
  const placement = placements.find((name) => name === given);
  if (placement !== undefined) return placement;
  const near = suggest(given, placements);
  throw usage(`There is no placement "${given}"`, near && `Did you mean ${near}? `);
}

function usage(message: string, lead = ""): UsageError {
  return new UsageError(message, `${lead}See: aikoryu data --help`);
}
