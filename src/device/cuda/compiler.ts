import { AikoError } from "../../errors.ts";

export interface Source {
  readonly code: string;
  /** What the translation asks for. */
  readonly options: readonly string[];
  /** Compute capability of the GPU: 90 for 9.0. */
  readonly capability: number;
  readonly label: string;
}

export interface Compiled {
  /** A cubin is for one architecture; PTX is compiled once more by the driver. */
  readonly format: "cubin" | "ptx";
  readonly image: Uint8Array;
}

/** NVRTC, or nvcc. */
export interface Compiler {
  readonly kind: "NVRTC" | "nvcc";
  readonly path: string;
  readonly version: readonly [major: number, minor: number];
  /** Compute capabilities it compiles for. */
  readonly architectures: readonly number[];
  /** Off the JavaScript thread. Rejects with COMPILE_FAILED. */
  compile(source: Source): Promise<Compiled>;
}

export interface CompileTarget {
  readonly architecture: string;
  readonly format: Compiled["format"];
}

/** The GPU's own architecture where the compiler knows it, else PTX of the newest before it. */
export function targetFor(capability: number, architectures: readonly number[]): CompileTarget | undefined {
  if (architectures.includes(capability)) return { architecture: `sm_${capability}`, format: "cubin" };
  const before = architectures.filter((architecture) => architecture < capability);
  if (before.length === 0) return undefined;
  return { architecture: `compute_${Math.max(...before)}`, format: "ptx" };
}

export function compilerName({ kind, version, path }: Compiler): string {
  return `${kind} ${version.join(".")} at ${path}`;
}

const maxLogLength = 4000;

export function compileFailed(compiler: Compiler, label: string, log: string): AikoError {
  return new AikoError("COMPILE_FAILED", {
    message: `${compilerName(compiler)} did not compile ${label}: ${log.slice(0, maxLogLength)}`,
    hint: "The kernel passed AikoRyu's own checker, so this is a defect of the translation or of the compiler. Please report it.",
  });
}
