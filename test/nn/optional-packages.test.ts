import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { folderOf } from "../support/files.js";

const root = fileURLToPath(new URL("../../dist/", import.meta.url));

/** What a program prints in a process where some packages are not installed. */
function without(packages: RegExp, program: string): unknown {
  const folder = folderOf({});
  const hooks = join(folder, "hooks.mjs");
  writeFileSync(
    hooks,
    `import Module, { register } from "node:module";
const missing = (name) => Object.assign(new Error("Cannot find module '" + name + "'"), { code: "MODULE_NOT_FOUND" });
const original = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => {
  if (${packages}.test(name)) throw missing(name);
  return original(name, ...rest);
};
register("data:text/javascript," + encodeURIComponent(\`export async function resolve(name, context, next) {
  if (${packages}.test(name)) throw new Error("Cannot find package " + name);
  return next(name, context);
}\`));`,
  );
  const file = join(folder, "program.mjs");
  writeFileSync(file, `import * as aiko from ${JSON.stringify(join(root, "index.js"))};\n${program}`);
  const { stdout, stderr } = spawnSync(process.execPath, ["--import", hooks, file], { encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

const attempt = `const gpu = await aiko.open({ device: "cpu" });
const failed = (work) => work().then(() => "no failure", (error) => [error.code, error.message, error.hint]);
const matrix = aiko.Matrix.from([[1]]);`;

describe("where optional packages are not installed", () => {
  it("the calls that need them say which, and how to install them", () => {
    const found = without(
      /^(@tensorflow|apache-arrow)/,
      `${attempt}
console.log(JSON.stringify([
  await failed(() => gpu.nn.tensorflow()),
  await failed(() => gpu.matrix.toArrow(matrix)),
  await failed(() => gpu.matrix.readArrow("none.arrow")),
]));
await gpu.dispose();`,
    );
    expect(found).toEqual([
      [
        "ENGINE_MISSING",
        expect.stringContaining("@tensorflow/tfjs-core"),
        expect.stringMatching(/npm install @tensorflow/),
      ],
      ["ENGINE_MISSING", expect.stringContaining("apache-arrow"), "Install it: npm install apache-arrow"],
      ["ENGINE_MISSING", expect.stringContaining("apache-arrow"), "Install it: npm install apache-arrow"],
    ]);
  });

  it("one of several is named", () => {
    const found = without(
      /^@tensorflow.tfjs-backend-wasm/,
      `${attempt}
console.log(JSON.stringify(await failed(() => gpu.nn.tensorflow())));
await gpu.dispose();`,
    );
    expect(found).toEqual([
      "ENGINE_MISSING",
      expect.stringContaining("@tensorflow/tfjs-backend-wasm"),
      expect.any(String),
    ]);
  });

  it("everything else works", () => {
    const found = without(
      /^(@tensorflow|apache-arrow)/,
      `${attempt}
console.log(JSON.stringify(await (await gpu.matrix.multiply(matrix, matrix)).toArray()));
await gpu.dispose();`,
    );
    expect(found).toEqual([[1]]);
  });
});
