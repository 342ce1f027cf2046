import { AikoError, toAikoError } from "../../errors.ts";
import { type Compiler, compilerName, targetFor } from "./compiler.ts";
import type { DriverVersion } from "./info.ts";
import { findNvcc } from "./nvcc.ts";
import { loadNvrtc } from "./nvrtc.ts";
import { chosenLibrary, type FoundLibrary, findLibraries, inOrder, versionOfFile } from "./search.ts";

/** What installs NVRTC for a driver of that version. pip's packages name the version only up to CUDA 12. */
export function nvrtcFix([major]: DriverVersion): string {
  return `pip install ${major >= 13 ? `"nvidia-cuda-nvrtc<${major + 1}"` : `nvidia-cuda-nvrtc-cu${major}`}`;
}

export function cublasFix([major]: DriverVersion): string {
  return `pip install ${major >= 13 ? `"nvidia-cublas<${major + 1}"` : `nvidia-cublas-cu${major}`}`;
}

/**
 * The compiler for a driver: the NVRTC that AIKORYU_NVRTC names; else the newest one found that the driver is made for;
 * else nvcc; else a newer NVRTC. Rejects with UNSUPPORTED, saying what was looked at.
 */
export async function findCompiler(driver: DriverVersion): Promise<Compiler> {
  const chosen = chosenLibrary("nvrtc");
  if (chosen !== undefined) return loadNvrtc(chosen);
  const found = inOrder(await findLibraries("nvrtc"), driver[0]);
  const reasons: string[] = [];
  const firstLoaded = async (paths: readonly string[]) => {
    for (const path of paths) {
      try {
        return await loadNvrtc(path);
      } catch (error) {
        reasons.push(toAikoError(error).message);
      }
    }
    return undefined;
  };
  const fitting = found.filter(({ major }) => major <= driver[0]).map(({ path }) => path);
  const newer = found.filter(({ major }) => major > driver[0]).map(({ path }) => path);
  const system = process.platform === "linux" ? [`libnvrtc.so.${driver[0]}`] : [];
  const compiler = await firstLoaded([...fitting, ...system]);
  if (compiler !== undefined) return compiler;
  const nvcc = await findNvcc();
  if (nvcc !== undefined) return nvcc;
  const last = await firstLoaded(newer);
  if (last !== undefined) return last;
  const why = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
  throw new AikoError("UNSUPPORTED", {
    message: `There is no CUDA compiler for the driver's CUDA ${driver.join(".")}: neither NVRTC nor nvcc was found${why}`,
    hint: nvrtcFix(driver),
  });
}

/** Why a compiler is of no use for a GPU, if it is not. */
export function unfit(
  compiler: Compiler,
  driver: DriverVersion,
  capability: number,
): { readonly reason: string; readonly fix: string } | undefined {
  const target = targetFor(capability, compiler.architectures);
  const name = compilerName(compiler);
  const gpu = `compute capability ${Math.floor(capability / 10)}.${capability % 10}`;
  if (target === undefined) {
    const oldest = compiler.architectures.length === 0 ? "none" : `sm_${Math.min(...compiler.architectures)}`;
    const reason = `${name} compiles for nothing as old as ${gpu}; its oldest is ${oldest}`;
    return { reason, fix: "Install an older CUDA toolkit, and name its libnvrtc in AIKORYU_NVRTC" };
  }
  const [major, minor] = compiler.version;
  const isNewer = major > driver[0] || (major === driver[0] && minor > driver[1]);
  if (target.format === "ptx" && isNewer) {
    const reason = `${name} is newer than the driver, which supports CUDA ${driver.join(".")}, and does not know ${gpu}`;
    return { reason, fix: nvrtcFix(driver) };
  }
  return undefined;
}

/** A cuBLAS file for the driver, or undefined where none is in a known place. */
export async function findCublas(driver: DriverVersion): Promise<FoundLibrary | undefined> {
  const chosen = chosenLibrary("cublas");
  if (chosen !== undefined) return { path: chosen, ...(await versionOfFile("cublas", chosen)) };
  const found = await findLibraries("cublas");
  return inOrder(found, driver[0]).find(({ major }) => major <= driver[0]);
}
