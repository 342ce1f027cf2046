import { describe, expect, it } from "vitest";
import type { Schema } from "#src/core/column-type.js";
import { type LowerInput, lower, parseExpression, parseType, resolve } from "#src/expression/column/index.js";

const dictionary = ["Lyon", "Metz", "Nancy", "Nantes", "Nice", "Paris"];
const schema: Schema = [
  { name: "city", type: parseType("utf8") },
  { name: "note", type: parseType("utf8") },
  { name: "n", type: parseType("int32") },
  { name: "x", type: parseType("float64") },
  { name: "huge", type: parseType("decimal(30, 2)") },
  { name: "at", type: parseType("timestamp(us, Europe/Berlin)") },
];
const inputs: readonly LowerInput[] = schema.map(({ name, type }) => ({
  type,
  nullable: name === "n",
  ...(name === "city" ? { dictionary } : {}),
}));

const lowered = (text: string, f64 = true) => {
  const { inputs: read, expressions } = lower([resolve(parseExpression(text), schema)], inputs, { f64 });
  return { read, result: expressions[0] };
};

describe("lower", () => {
  it("compares codes where text is in a dictionary, and looks up what is no range", () => {
    expect(lowered("city = 'Nice'").result).toMatchObject({
      value: { operator: "equal", right: { value: 4 } },
    });
    expect(lowered("city < 'Nb'").result).toMatchObject({ value: { operator: "less", right: { value: 4 } } });
    expect(lowered("city = 'Rome'").result).toMatchObject({ value: { kind: "constant", value: false } });
    expect(lowered("city like 'N%'").read).toEqual([{ kind: "column", index: 0 }]);
    expect(lowered("lower(city) like '%n%s'").read).toEqual([{ kind: "column", index: 0 }]);
    expect(lowered("contains(city, 'i') ").read).toEqual([{ kind: "column", index: 0 }]);
    expect(lowered("contains(city, 'y')").read).toEqual([
      { kind: "column", index: 0 },
      { kind: "codeSet", index: 0, bits: Uint32Array.of(0b000101) },
    ]);
  });

  it("asks for tests of other text beforehand", () => {
    expect(lowered("note like 'a%' and 'b' < note").read).toEqual([
      { kind: "textTest", index: 1, test: "like", pattern: "a%" },
      { kind: "textTest", index: 1, test: "greater", pattern: "b" },
    ]);
  });

  it("tests for overflow only where a result may not fit", () => {
    expect(lowered("n + 1").result).not.toHaveProperty("error");
    expect(lowered("n * n * n").result).toHaveProperty("error");
    expect(lowered("case when n > 0 then n else 0 end").result).not.toHaveProperty("error");
  });

  it.each([
    ["length(note)", true, "length of text"],
    ["note", true, "results of type utf8"],
    ["matches(city, 'a')", true, "regular expressions"],
    ["huge * huge", true, undefined],
    ["hour(at)", true, "parts of times in Europe/Berlin"],
    ["x * 2", false, "no f64 arithmetic"],
    ["n::utf8 = '1'", true, "text that is not in a dictionary"],
    [`n in (${Array.from({ length: 200 }, (_, at) => at).join(", ")})`, true, "more than 128 numbers"],
  ])("gives the reason for %s", (text, f64, reason) => {
    if (reason === undefined) return expect(() => lowered(text, f64)).toThrow(/60 digits/);
    expect(lowered(text, f64).result).toMatchObject({ reason: expect.stringContaining(reason) });
  });

  it("compares f64 without f64", () => {
    expect(lowered("x > 0.5 and x is not null", false).result).not.toHaveProperty("reason");
  });
});
