import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "../../../scripts/lock.mjs";

const sources = fileURLToPath(new URL(".", import.meta.url));
const compiler = process.env.CXX || "g++";

/** Where the fake libraries are, or why there are none. */
export interface Built {
  readonly folder: string;
  readonly driver: string;
  readonly nvrtc: string;
  readonly cublas: string;
}

interface Library {
  readonly file: string;
  readonly source: string;
  readonly options: readonly string[];
}

const libraries: readonly Library[] = [
  { file: "libcuda.so.1", source: "libcuda.cpp", options: ["-O1"] },
  { file: "libnvrtc.so.13", source: "nvrtc.cpp", options: ["-O1"] },
  { file: "libcublas.so.13", source: "cublas.cpp", options: ["-O2"] },
];

/** Why there can be no fake driver here. */
function obstacle(): string | undefined {
  if (process.platform !== "linux") return `the fake CUDA driver needs Linux, this is ${process.platform}`;
  const { status, error } = spawnSync(compiler, ["--version"]);
  if (status === 0) return undefined;
  return `the fake CUDA driver needs a C++ compiler: ${compiler}: ${error?.message ?? `exit ${status}`}`;
}

function contentKey(): string {
  const hash = createHash("sha256").update(compiler);
  for (const name of readdirSync(sources).sort()) {
    if (/\.(cpp|h)$/.test(name)) hash.update(name).update(readFileSync(join(sources, name)));
  }
  return hash
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .digest("hex")
    .slice(0, 16);
}

function compile({ file, source, options }: Library, folder: string): Promise<void> {
  const fresh = join(folder, `${file}.new`);
  const args = [
    ...["-std=c++17", "-fPIC", "-shared", "-pthread", ...options],
    ...[`-DFAKE_FOLDER="${folder}"`, `-DFAKE_COMPILER="${compiler}"`],
    // Node's own copies of libstdc++ must not be bound to, and threads outlive koffi's handle.
    ...["-Wl,-Bsymbolic", "-Wl,-z,nodelete", "-Wl,-rpath,$ORIGIN", `-Wl,-soname,${file}`],
    ...[join(sources, source), "-o", fresh, "-ldl"],
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(compiler, args, { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      errors += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(`${source} does not compile:\n${errors}`));
      renameSync(fresh, join(folder, file));
      resolve();
    });
  });
}

/** Builds the libraries once per content, for all test files and later runs. */
export async function buildFakeCuda(): Promise<Built | string> {
  const reason = obstacle();
  if (reason !== undefined) return reason;
  const folder = join(tmpdir(), `aikoryu-fake-cuda-${userInfo().uid}-${contentKey()}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const isMissing = ({ file }: Library) => !existsSync(join(folder, file));
  if (libraries.some(isMissing)) {
    await withLock(
      join(folder, "lock"),
      () => {},
      async () => {
        if (!libraries.some(isMissing)) return;
        for (const name of ["abi.h", "shim.h", "shim-math.h"])
          copyFileSync(join(sources, name), join(folder, name));
        rmSync(join(folder, "kernels"), { recursive: true, force: true });
        await Promise.all(libraries.filter(isMissing).map((library) => compile(library, folder)));
      },
    );
  }
  const at = (file: string) => join(folder, file);
  return { folder, driver: at("libcuda.so.1"), nvrtc: at("libnvrtc.so.13"), cublas: at("libcublas.so.13") };
}
