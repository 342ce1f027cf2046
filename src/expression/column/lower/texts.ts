import { isAikoError } from "../../../errors.ts";
import { input } from "../../build.ts";
import type { Expression } from "../../expression.ts";
import type { ResolvedExpression } from "../expression.ts";
import { compareValues } from "../host/compare.ts";
import { compileOnHost } from "../host/compile.ts";
import { partsOfResolved } from "../parts.ts";
import { and, by, choose, constant, type Lowered, no, not, or, withErrors, yes } from "./lowered.ts";
import type { LowerInput, Slots, TextTest } from "./slots.ts";

type Call = Extract<ResolvedExpression, { readonly kind: "call" }>;

/** The only column that an expression reads, or undefined where it reads none or several. */
function onlyColumn(root: ResolvedExpression): number | undefined {
  let found: number | undefined;
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.kind === "column") {
      if (found !== undefined && found !== node.index) return undefined;
      found = node.index;
    }
    stack.push(...partsOfResolved(node));
  }
  return found;
}

/** Longer dictionaries are only compared: a look at every text would hold the JavaScript thread. */
const mostTexts = 16_384;

/** A bool of one column in a dictionary: computed once for each of its texts, then looked up by code. */
export function dictionaryTest(node: Call, inputs: readonly LowerInput[], slots: Slots): Lowered | undefined {
  const index = onlyColumn(node);
  const column = index === undefined ? undefined : inputs[index];
  if (index === undefined || column?.dictionary === undefined || node.type.kind !== "bool") return undefined;
  if (node.name === "matches") return undefined;
  const { dictionary, nullable } = column;
  const compared = comparedCodes(node, column, slots);
  if (compared !== undefined) return compared;
  if (dictionary.length > mostTexts) return undefined;
  const readers = inputs.map((_, at) => (row: number) => (at === index ? (dictionary[row] ?? null) : null));
  const answers = answersOf(node, readers, dictionary.length);
  if (answers === undefined) return undefined;
  const { value, high: _, valid } = slots.slotOf({ kind: "column", index });
  const code = input(value, "u32");
  const columnValid = nullable ? input(valid, "bool") : yes;
  const ofNull = answers[dictionary.length] ?? null;
  const texts = answers.slice(0, -1);
  const holds = codesWhere(
    code,
    index,
    texts.map((each) => each === true),
    slots,
  );
  const known = codesWhere(
    code,
    index,
    texts.map((each) => each !== null),
    slots,
  );
  if (columnValid === yes) return withErrors({ value: holds, valid: known }, []);
  const nullKnown = ofNull === null ? no : yes;
  return withErrors(
    {
      value: choose(columnValid, holds, constant(ofNull === true, "bool")),
      valid: or(and(columnValid, known), and(not(columnValid), nullKnown)),
    },
    [],
  );
}

/** A comparison with a literal, as one of codes: they have the order of the texts. */
function comparedCodes(
  node: Call,
  { dictionary = [], nullable }: LowerInput,
  slots: Slots,
): Lowered | undefined {
  const [a, b] = node.operands;
  if (a?.kind !== "column" || b?.kind !== "literal" || b.value === null || node.operands.length > 2)
    return undefined;
  const text = String(b.value);
  const { value, valid } = slots.slotOf({ kind: "column", index: a.index });
  const code = input(value, "u32");
  const low = firstFrom(dictionary, text);
  const isKnown = dictionary[low] === text;
  const high = isKnown ? low + 1 : low;
  const below = (end: number) => (end === 0 ? no : end >= dictionary.length ? yes : by("less", code, end));
  const tests: Readonly<Record<string, Expression>> = {
    equal: isKnown ? by("equal", code, low) : no,
    notEqual: isKnown ? not(by("equal", code, low)) : yes,
    less: below(low),
    lessEqual: below(high),
    greater: not(below(high)),
    greaterEqual: not(below(low)),
  };
  const holds = tests[node.name];
  return holds && withErrors({ value: holds, valid: nullable ? input(valid, "bool") : yes }, []);
}

/** Where the first text is that is not less. */
function firstFrom(dictionary: readonly string[], text: string): number {
  let [low, high] = [0, dictionary.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareValues(dictionary[middle] ?? "", text) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of each text, and last of null; undefined where one of them fails. */
function answersOf(node: Call, readers: Parameters<typeof compileOnHost>[1], count: number) {
  const read = compileOnHost(node, readers);
  try {
    return Array.from({ length: count + 1 }, (_, row) => read(row));
  } catch (error) {
    if (isAikoError(error)) return undefined;
    throw error;
  }
}

/** Whether a code is one of a set: a range where the set is one, else a bit of a table. */
function codesWhere(code: Expression, index: number, flags: readonly boolean[], slots: Slots): Expression {
  const first = flags.indexOf(true);
  if (first < 0) return no;
  const last = flags.lastIndexOf(true);
  if (!flags.slice(first, last + 1).includes(false)) {
    if (first === last) return by("equal", code, first);
    const above = first === 0 ? yes : by("greaterEqual", code, first);
    return and(above, last === flags.length - 1 ? yes : by("lessEqual", code, last));
  }
  const bits = new Uint32Array(Math.ceil(flags.length / 32));
  flags.forEach((flag, at) => {
    if (flag) bits[at >> 5] = ((bits[at >> 5] ?? 0) | (1 << (at & 31))) >>> 0;
  });
  return input(slots.slotOf({ kind: "codeSet", index, bits }).value, "bool");
}

const testNames: Readonly<Partial<Record<Call["name"], TextTest>>> = {
  equal: "equal",
  notEqual: "equal",
  isDistinctFrom: "equal",
  isNotDistinctFrom: "equal",
  less: "less",
  lessEqual: "lessEqual",
  greater: "greater",
  greaterEqual: "greaterEqual",
  startsWith: "prefix",
  endsWith: "suffix",
  contains: "contains",
  like: "like",
};

const swapped: Readonly<Partial<Record<TextTest, TextTest>>> = {
  less: "greater",
  lessEqual: "greaterEqual",
  greater: "less",
  greaterEqual: "lessEqual",
  equal: "equal",
};

/** A test of a text column with a literal, by a bitmap that a text kernel makes beforehand. */
export function textTest(node: Call, inputs: readonly LowerInput[], slots: Slots): Lowered | undefined {
  const { name, operands } = node;
  const [a, b] = operands;
  const of = (column: ResolvedExpression | undefined) =>
    column?.kind === "column" ? inputs[column.index] : undefined;
  const bits = (
    column: ResolvedExpression,
    test: TextTest,
    pattern: ResolvedExpression,
  ): Expression | undefined => {
    if (column.kind !== "column" || column.type.kind !== "utf8" || pattern.kind !== "literal")
      return undefined;
    if (inputs[column.index]?.dictionary !== undefined || pattern.value === null) return undefined;
    return input(
      slots.slotOf({ kind: "textTest", index: column.index, test, pattern: String(pattern.value) }).value,
      "bool",
    );
  };
  const validOf = (column: ResolvedExpression): Expression => {
    if (column.kind !== "column" || of(column)?.nullable !== true) return yes;
    return input(slots.slotOf({ kind: "column", index: column.index }).valid, "bool");
  };
  if (a === undefined) return undefined;
  if (name === "isNull" || name === "isNotNull") {
    if (a.kind !== "column") return undefined;
    return withErrors({ value: name === "isNull" ? not(validOf(a)) : validOf(a), valid: yes }, []);
  }
  if (name === "isIn") {
    const found = operands.slice(1).map((each) => (isNull(each) ? no : bits(a, "equal", each)));
    if (found.includes(undefined)) return undefined;
    const holds = or(...found.filter((each) => each !== undefined));
    const complete = operands.slice(1).some(isNull) ? holds : yes;
    return withErrors({ value: holds, valid: and(validOf(a), complete) }, []);
  }
  const test = testNames[name];
  if (test === undefined || b === undefined) return undefined;
  const other = swapped[test];
  const isSwapped = a.kind === "literal" && other !== undefined;
  const column = isSwapped ? b : a;
  const holds = bits(column, isSwapped ? other : test, isSwapped ? a : b);
  if (holds === undefined) return undefined;
  const valid = validOf(column);
  if (name === "isNotDistinctFrom") return withErrors({ value: and(valid, holds), valid: yes }, []);
  if (name === "isDistinctFrom") return withErrors({ value: not(and(valid, holds)), valid: yes }, []);
  return withErrors({ value: name === "notEqual" ? not(holds) : holds, valid }, []);
}

function isNull(node: ResolvedExpression): boolean {
  return node.kind === "literal" && node.value === null;
}
