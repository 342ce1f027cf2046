import type { HostColumn, HostTable } from "./column.ts";
import { elementCountOf, elementOf } from "./column-make.ts";
import { physicalOf, typeText } from "./column-type.ts";
import { dtypes } from "./dtype.ts";

/** What is wrong with the layout of a table, without a look at its values; undefined where nothing is. */
export function tableProblem({ names, columns, rows }: HostTable): string | undefined {
  if (names.length !== columns.length) return `${names.length} names for ${columns.length} columns`;
  const seen = new Set<string>();
  for (const [at, column] of columns.entries()) {
    const name = names[at] ?? "";
    if (seen.has(name)) return `two columns are named ${JSON.stringify(name)}`;
    seen.add(name);
    if (column.length !== rows) {
      return `the column ${JSON.stringify(name)} has ${column.length} rows where the table has ${rows}`;
    }
    const problem = columnProblem(column);
    if (problem !== undefined) return `the column ${JSON.stringify(name)} ${problem}`;
  }
  return undefined;
}

/** The same of a column, as what follows its name. */
export function columnProblem(column: HostColumn): string | undefined {
  const { type, length, validity, nullCount } = column;
  if (!Number.isSafeInteger(length) || length < 0) return `has a length of ${length}`;
  if (!(nullCount >= 0 && nullCount <= length)) return `counts ${nullCount} nulls in ${length} rows`;
  if (nullCount > 0 && validity === undefined) return `counts ${nullCount} nulls and has no validity bitmap`;
  if (validity !== undefined && validity.length * 8 < length) {
    return `has a validity bitmap of ${validity.length} bytes for ${length} rows`;
  }
  const problem = typeProblem(type);
  if (problem !== undefined) return problem;
  const physical = physicalOf(type);
  const wanted = physical === "text" ? ["text", "dictionary"] : physical === "list" ? ["list"] : ["fixed"];
  if (!wanted.includes(column.layout)) return `is ${typeText(type)} in the layout "${column.layout}"`;
  switch (column.layout) {
    case "fixed": {
      if (physical === "text" || physical === "list") return undefined;
      const { array } = dtypes[elementOf(physical)];
      if (!(column.values instanceof array)) {
        return `is ${typeText(type)} in a ${column.values.constructor.name} where a ${array.name} holds that`;
      }
      const least = elementCountOf(physical, length);
      if (column.values.length >= least) return undefined;
      return `has ${column.values.length} elements where ${length} rows of ${typeText(type)} take ${least}`;
    }
    case "text":
      return offsetsProblem(column.offsets, length, column.bytes.length, "bytes");
    case "dictionary":
      if (column.codes.length < length) return `has ${column.codes.length} codes for ${length} rows`;
      if (column.dictionary.nullCount > 0) return "has a null in its dictionary";
      return prefixed("has a dictionary that", columnProblem(column.dictionary));
    case "list":
      return (
        offsetsProblem(column.offsets, length, column.items.length, "items") ??
        prefixed("has items: a column that", columnProblem(column.items))
      );
  }
}

function typeProblem(type: HostColumn["type"]): string | undefined {
  if (type.kind === "list") return typeProblem(type.item);
  if (type.kind !== "decimal") return undefined;
  const { precision, scale } = type;
  if (Number.isInteger(precision) && precision >= 1 && precision <= 38 && Number.isInteger(scale)) {
    if (scale >= 0 && scale <= precision) return undefined;
  }
  return `is ${typeText(type)}: decimals have 1 to 38 digits, and at most so many after the point`;
}

function offsetsProblem(offsets: Int32Array, length: number, end: number, what: string): string | undefined {
  if (offsets.length < length + 1) return `has ${offsets.length} offsets for ${length} rows`;
  const [first, last] = [offsets[0] ?? 0, offsets[length] ?? 0];
  if (first >= 0 && last >= first && last <= end) return undefined;
  return `has offsets from ${first} to ${last} for ${end} ${what}`;
}

function prefixed(text: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${text} ${problem}`;
}
