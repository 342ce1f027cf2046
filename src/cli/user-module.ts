import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { nearbyFile } from "../core/nearby-file.ts";
import { AikoError } from "../errors.ts";

const execute = promisify(execFile);
const scripts = [".js", ".mjs", ".cjs"];
const syntaxError = /error TS1\d{3}:/;
const typed: Readonly<Record<string, string>> = { ".ts": ".js", ".mts": ".mjs", ".cts": ".cjs" };

/**
 * Imports a user's file. TypeScript goes through Node where it can, else through esbuild or tsc as the user's project has
 * them. Rejects with FILE_NOT_FOUND, INVALID_FILE, ENGINE_MISSING, or what the file throws.
 */
export async function importUserModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  const file = resolve(path);
  const ending = extname(file);
  if (!scripts.includes(ending) && typed[ending] === undefined) throw notScript(path);
  await assertFile(file, path);
  if (scripts.includes(ending) || nodeStripsTypes()) return importFile(file);
  const folder = await mkdtemp(join(dirname(file), ".aikoryu-"));
  try {
    return await importFile(await compile(file, folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function importFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    if (!missing && !(cause instanceof SyntaxError)) throw cause;
    const [where] = (cause.stack ?? "").split("\n");
    throw new AikoError("INVALID_FILE", {
      message: `${file} cannot be loaded: ${cause.message}`,
      hint: missing ? "Install what it imports in its project: npm install NAME" : where,
      cause,
    });
  }
}

/** Node 22.18 and later, or `--experimental-strip-types` before. */
function nodeStripsTypes(): boolean {
  const { typescript } = process.features as { readonly typescript?: unknown };
  return typeof typescript === "string";
}

async function compile(file: string, folder: string): Promise<string> {
  const require = createRequire(file);
  const esbuild = find(require, "esbuild");
  if (esbuild !== undefined) return withEsbuild(esbuild, file, folder);
  const typescript = find(require, "typescript/package.json");
  if (typescript !== undefined) return withTsc(typescript, file, folder);
  throw new AikoError("ENGINE_MISSING", {
    message: `Node ${process.versions.node} does not run TypeScript, and the project of ${file} has no esbuild or typescript`,
    hint: "Use Node 22.18 or later, or: npm install --save-dev esbuild",
  });
}

function find(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}

interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>;
}

async function withEsbuild(engine: string, file: string, folder: string): Promise<string> {
  const loaded = (await import(pathToFileURL(engine).href)) as Partial<Esbuild> & {
    readonly default?: Esbuild;
  };
  const build = loaded.build ?? loaded.default?.build;
  const outfile = join(folder, "main.mjs");
  try {
    await build?.({
      entryPoints: [file],
      outfile,
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      target: "node20",
      sourcemap: "inline",
      logLevel: "silent",
    });
  } catch (cause) {
    throw cannotCompile(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
  return outfile;
}

async function withTsc(manifest: string, file: string, folder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(manifest, "utf8")) as { readonly version: string };
  const tsc = join(dirname(manifest), "bin", "tsc");
  const options = "--noCheck --skipLibCheck --target es2022 --module nodenext --moduleResolution nodenext";
  const flags = [...options.split(" "), "--rewriteRelativeImportExtensions", "--outDir", folder, file];
  // Version 6 and later refuse files beside a tsconfig.json without it; those before do not know it.
  if (Number.parseInt(version, 10) >= 6) flags.unshift("--ignoreConfig");
  const output = await execute(process.execPath, [tsc, ...flags], { cwd: dirname(file) }).catch((error) =>
    String(error.stdout || error.message),
  );
  const name = basename(file, extname(file)) + (typed[extname(file)] ?? ".js");
  const made = await readdir(folder, { recursive: true });
  const main = made
    .filter((path) => basename(path) === name)
    .sort((a, b) => a.length - b.length)
    .at(0);
  const text = typeof output === "string" ? output : "";
  if (main === undefined || syntaxError.test(text)) throw cannotCompile(file, text, undefined);
  return join(folder, main);
}

async function assertFile(file: string, path: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile()) return;
  const near = await nearbyFile(path);
  throw new AikoError(found === undefined ? "FILE_NOT_FOUND" : "INVALID_FILE", {
    message: found === undefined ? `There is no file ${path}` : `${path} is not a file`,
    hint:
      near === undefined || near === path ? "Paths count from the current folder." : `Did you mean ${near}?`,
  });
}

function notScript(path: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${path} is no JavaScript and no TypeScript`,
    hint: `Its name has to end with one of ${[...scripts, ...Object.keys(typed)].join(" ")}`,
  });
}

function cannotCompile(file: string, why: string, cause: unknown): AikoError {
  return new AikoError("INVALID_FILE", {
    message: `${file} cannot be compiled: ${why.trim().split("\n").slice(0, 3).join("; ")}`,
    cause,
  });
}
