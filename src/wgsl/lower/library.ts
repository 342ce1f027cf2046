import { AikoError } from "../../errors.ts";
import { check } from "../check/module.ts";
import type { FunctionDefinition } from "../ir.ts";
import { parse } from "../parser/module.ts";
import { arithmetic } from "./arithmetic.ts";
import { bits } from "./bits.ts";
import { conversion } from "./conversion.ts";
import { division } from "./division.ts";

const text = [arithmetic, division, conversion, bits].join("");
const libraries = new Map<string, ReadonlyMap<string, FunctionDefinition>>();
const maxRemembered = 4;

/** What the library's names begin with so that no name of a program is among them. */
export function freePrefix(source: string): string {
  let prefix = "wide_";
  while (source.includes(prefix)) prefix += "_";
  return prefix;
}

/** The library's functions by name, their names in the text beginning with `prefix`. Checked once a prefix. */
export function library(prefix: string): ReadonlyMap<string, FunctionDefinition> {
  const known = libraries.get(prefix);
  if (known !== undefined) return known;
  const { functions } = check(parse(text.replaceAll("wide_", prefix)));
  const made = new Map(functions.map((item) => [item.name.slice(prefix.length), item]));
  if (libraries.size >= maxRemembered) libraries.clear();
  libraries.set(prefix, made);
  return made;
}

export function libraryFunction(prefix: string, name: string): FunctionDefinition {
  const found = library(prefix).get(name);
  if (found === undefined)
    throw new AikoError("INTERNAL", { message: `the 64-bit library has no function '${name}'` });
  return found;
}
