import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const source = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src");
const families = "matrix nn data sql llm agents network logs monitor security".split(" ");

const levels: readonly (readonly string[])[] = [
  ["core"],
  ["errors.ts"],
  ["wgsl"],
  ["device"],
  ["memory"],
  ["expression"],
  ["kernels"],
  ["runtime"],
  families,
  ["cluster"],
  ["open.ts"],
  ["index.ts"],
  ["server"],
  ["cli"],
];

const familyImports: Readonly<Record<string, readonly string[]>> = {
  sql: ["data"],
  network: ["data"],
  logs: ["data"],
  security: ["data"],
  agents: ["llm", "nn", "matrix"],
};

interface SourceFile {
  readonly name: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((path) => {
    const name = path.replaceAll("\\", "/");
    const text = readFileSync(join(source, name), "utf8");
    return { name, folder: folderOf(name), text, imports: importsOf(text) };
  });

function folderOf(name: string): string {
  return name.split("/")[0] ?? name;
}

function importsOf(text: string): string[] {
  const found = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)"(\.[^"]+)"/g);
  return [...found].map((match) => match[1] ?? "");
}

function levelOf(folder: string): number {
  return levels.findIndex((level) => level.includes(folder));
}

function isAllowed(from: string, to: string): boolean {
  if (from === to) return true;
  if (families.includes(from) && families.includes(to)) return familyImports[from]?.includes(to) ?? false;
  return levelOf(to) < levelOf(from);
}

describe("the folders of src", () => {
  it("are all known", () => {
    const unknown = files.filter((file) => levelOf(file.folder) === -1).map((file) => file.name);
    expect(unknown).toEqual([]);
  });

  it("import only what lies below them", () => {
    const wrong = files.flatMap(({ name, folder, imports }) =>
      imports
        .map((path) => posix.join(posix.dirname(name), path))
        .filter((target) => !target.startsWith("..") && !isAllowed(folder, folderOf(target)))
        .map((target) => `${name} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("name local modules by their source file", () => {
    const wrong = files.flatMap(({ name, text }) =>
      [...text.matchAll(/(?:\bfrom|\bimport\(?)\s*"(\.[^"]+)"/g)]
        .filter((match) => !match[1]?.endsWith(".ts"))
        .map((match) => `${name}: ${match[1]}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe("every file of src", () => {
  it("throws AikoError, never a bare Error", () => {
    const bare = /\bnew (Error|TypeError|RangeError|SyntaxError|AggregateError)\(/;
    expect(offenders(bare)).toEqual([]);
  });

  it("has no any and silences no checker", () => {
    const loose = /(:\s*any\b|\bas any\b|<any>|\bany\[\]|@ts-(ignore|nocheck|expect-error)|biome-ignore)/;
    expect(offenders(loose)).toEqual([]);
  });

  it("has at most 400 lines", () => {
    const long = files
      .map(({ name, text }) => ({ name, lines: text.split("\n").length - 1 }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });
});

describe("the backends", () => {
  const parts = ["adapter.ts", "buffer.ts", "device.ts", "kernel.ts", "queue.ts"];
  const backends = readdirSync(join(source, "device"), { withFileTypes: true }).filter((entry) =>
    ["null", "opencl", "webgpu", "cuda"].includes(entry.name),
  );

  it.each(backends.map((entry) => entry.name))("%s has the files its siblings have", (name) => {
    expect(readdirSync(join(source, "device", name))).toEqual(expect.arrayContaining(parts));
  });
});

function offenders(pattern: RegExp): string[] {
  return files.flatMap(({ name, text }) =>
    text
      .split("\n")
      .map((line, index) => ({
        line: line.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, '""'),
        at: index + 1,
      }))
      .filter(({ line }) => !/^\s*\/?\*/.test(line) && pattern.test(line))
      .map(({ line, at }) => `${name}:${at}: ${line.trim()}`),
  );
}
