import { loadedFrom, loadFfi, loadLibrary } from "../../core/ffi.ts";
import { toAikoError } from "../../errors.ts";
import type { Part } from "../parts.ts";
import { driverRelease } from "./adapter.ts";
import { type DriverVersion, driverVersionOf } from "./info.ts";
import { cublasFix, findCompiler, findCublas } from "./installation.ts";
import { type CudaLibrary, isTurnedOff, libraryPaths } from "./library.ts";
import { companionsOf } from "./search.ts";
import { startCuda } from "./startup.ts";

/** The driver, the compiler and cuBLAS; none where there is no driver, which discovery reports. */
export async function cudaParts(): Promise<Part[]> {
  if (isTurnedOff() || libraryPaths().length === 0) return [];
  const library = await startCuda();
  if (!("cu" in library)) return [];
  const version = driverVersionOf(library);
  return [await driverPart(library, version), ...(await compilerParts(version)), await cublasPart(version)];
}

async function driverPart({ path }: CudaLibrary, version: DriverVersion): Promise<Part> {
  const release = await driverRelease();
  const text = `CUDA ${version.join(".")}${release === undefined ? "" : `, driver ${release}`}`;
  const found = (await loadedFrom("libcuda.so")) ?? path;
  return { name: "driver", path: found, version: text, problem: undefined, fix: undefined };
}

/** None where discovery already says why there is none. */
async function compilerParts(driver: DriverVersion): Promise<Part[]> {
  try {
    const { kind, path, version } = await findCompiler(driver);
    return [{ name: kind, path, version: version.join("."), problem: undefined, fix: undefined }];
  } catch {
    return [];
  }
}

async function cublasPart(driver: DriverVersion): Promise<Part> {
  const name = "cuBLAS";
  const fix = cublasFix(driver);
  const found = await findCublas(driver);
  if (found === undefined) {
    const problem = "Not found: matrix products use the package's own kernels";
    return { name, path: undefined, version: undefined, problem, fix };
  }
  const { path, major, minor } = found;
  const version = `${major}.${minor}`;
  try {
    const koffi = await loadFfi();
    for (const other of await companionsOf("cublas", path)) await loadLibrary(koffi, other).catch(() => {});
    await loadLibrary(koffi, path);
    return { name, path, version, problem: undefined, fix: undefined };
  } catch (error) {
    return { name, path, version, problem: toAikoError(error).message, fix };
  }
}
