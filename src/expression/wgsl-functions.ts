import { readFileSync } from "node:fs";

interface WgslFunction {
  readonly text: string;
  /** Names of the functions it calls. */
  readonly calls: readonly string[];
}

let table: ReadonlyMap<string, WgslFunction> | undefined;

/** All functions of the files in `wgsl/`, by name; templates once a type. */
function functions(): ReadonlyMap<string, WgslFunction> {
  if (table !== undefined) return table;
  const texts = ["f32", "math", "f64", "narrow"].map(fileText);
  for (const type of ["f32", "f64"]) texts.push(fileText("real").replaceAll(/real\b/g, type));
  for (const type of ["i32", "u32", "i64", "u64"]) {
    texts.push(fileText("integer").replaceAll(/whole\b/g, type));
  }
  const found = new Map<string, string>();
  for (const match of texts.join("\n").matchAll(/^fn (\w+)[\s\S]*?^}\n/gm))
    found.set(match[1] ?? "", match[0]);
  table = new Map(
    [...found].map(([name, text]) => {
      const names = new Set([...text.matchAll(/\b(\w+)\(/g)].map((match) => match[1] ?? ""));
      names.delete(name);
      return [name, { text, calls: [...names].filter((called) => found.has(called)) }];
    }),
  );
  return table;
}

function fileText(name: string): string {
  return readFileSync(new URL(`wgsl/${name}.wgsl`, import.meta.url), "utf8");
}

export function hasWgslFunction(name: string): boolean {
  return functions().has(name);
}

/** The texts of the named functions and of all that they call, each once. */
export function wgslFunctions(names: Iterable<string>): string {
  const needed = new Set<string>(names);
  for (const name of needed) for (const called of functions().get(name)?.calls ?? []) needed.add(called);
  return [...needed].map((name) => functions().get(name)?.text ?? "").join("");
}
