import { toAikoError } from "../../errors.ts";
import { type Compiler, compilerName } from "./compiler.ts";
import type { CudaGpu, DriverVersion } from "./info.ts";
import { nvrtcFix } from "./installation.ts";
import { loadModule } from "./kernel.ts";
import type { CudaLibrary } from "./library.ts";
import type { CudaProblem } from "./startup.ts";
import { statusName } from "./status.ts";
import { DriverThread } from "./thread.ts";

const code = 'extern "C" __global__ void trial() {}\n';

/**
 * Why a driver does not take what a compiler of a newer major version makes for a GPU, if it does not. Only a trial
 * tells; it opens the GPU for a moment.
 */
export async function refusedBy(
  library: CudaLibrary,
  { ordinal, capability }: CudaGpu,
  compiler: Compiler,
  driver: DriverVersion,
): Promise<CudaProblem | undefined> {
  const calls = new DriverThread(library.path);
  try {
    const { image } = await compiler.compile({ code, options: [], capability, label: "trial" });
    const made = library.pinned(8);
    const opened = await calls.call("cuCtxCreate_v2", [made.address, 0, ordinal], made);
    if (opened !== 0) return undefined;
    const context = new DataView(made.bytes.buffer, made.bytes.byteOffset).getBigUint64(0, true);
    const { status, module } = await loadModule({ library, calls }, image);
    if (status === 0) await calls.call("cuModuleUnload", [module]);
    await calls.call("cuCtxDestroy_v2", [context]);
    if (status === 0) return undefined;
    const reason = `${compilerName(compiler)} is newer than the driver, which supports CUDA ${driver.join(".")} and refuses what it makes: ${statusName(status)}`;
    return { reason, fix: nvrtcFix(driver) };
  } catch (error) {
    return { reason: toAikoError(error).message, fix: nvrtcFix(driver) };
  } finally {
    await calls.end();
  }
}
