import { execFile } from "node:child_process";
import { access, constants, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { AikoError } from "../../errors.ts";
import { type Compiled, type Compiler, compileFailed, type Source, targetFor } from "./compiler.ts";
import { toolkitRoots } from "./search.ts";

interface Output {
  readonly failure: Error | null;
  readonly text: string;
}

const maxOutputBytes = 16 * 2 ** 20;

function runNvcc(path: string, args: readonly string[]): Promise<Output> {
  return new Promise((resolve) => {
    execFile(path, args, { maxBuffer: maxOutputBytes, windowsHide: true }, (failure, stdout, stderr) =>
      resolve({ failure, text: `${stdout}${stderr}` }),
    );
  });
}

async function nvccPath(): Promise<string | undefined> {
  const file = process.platform === "win32" ? "nvcc.exe" : "nvcc";
  const folders = (await toolkitRoots()).map((root) => join(root, "bin"));
  for (const folder of [...folders, ...(process.env.PATH ?? "").split(delimiter)]) {
    const path = join(folder, file);
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

/** CUDA's compiler as a program, or undefined where there is none. */
export async function findNvcc(): Promise<Compiler | undefined> {
  const path = await nvccPath();
  if (path === undefined) return undefined;
  const [about, listed] = await Promise.all([
    runNvcc(path, ["--version"]),
    runNvcc(path, ["--list-gpu-code"]),
  ]);
  const version = /release (\d+)\.(\d+)/.exec(about.text);
  if (version === null) return undefined;
  const architectures = [...listed.text.matchAll(/sm_(\d+)\b/g)].map(([, number]) => Number(number));
  return new Nvcc(path, [Number(version[1]), Number(version[2])], architectures);
}

class Nvcc implements Compiler {
  readonly kind = "nvcc";
  readonly path: string;
  readonly version: readonly [major: number, minor: number];
  readonly architectures: readonly number[];

  constructor(path: string, version: readonly [number, number], architectures: readonly number[]) {
    this.path = path;
    this.version = version;
    this.architectures = architectures;
  }

  async compile({ code, options, capability, label }: Source): Promise<Compiled> {
    const target = targetFor(capability, this.architectures);
    if (target === undefined) throw compileFailed(this, label, "it compiles for nothing older than the GPU");
    const { architecture, format } = target;
    const folder = await mkdtemp(join(tmpdir(), "aikoryu-nvcc-")).catch((cause) => {
      throw new AikoError("COMPILE_FAILED", { message: `nvcc has no folder to work in: ${cause}`, cause });
    });
    try {
      const [source, result] = [join(folder, "kernel.cu"), join(folder, `kernel.${format}`)];
      await writeFile(source, code);
      const args = [`--${format}`, `-arch=${architecture}`, ...options, "-o", result, source];
      const { failure, text } = await runNvcc(this.path, args);
      if (failure !== null) throw compileFailed(this, label, text || failure.message);
      const image = await readFile(result);
      return { format, image: format === "ptx" ? Buffer.concat([image, Buffer.of(0)]) : image };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
