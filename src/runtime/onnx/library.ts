import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ffiStackBytes, type Koffi, loadFfi, loadLibrary } from "../../core/ffi.ts";
import { AikoError } from "../../errors.ts";

/** An address in native memory. Those of user space fit a double. */
export type Address = number | bigint;
/** Null, or the address of an error to read and release. */
type Status = Address | null;

interface Native<A extends unknown[], R> {
  (...args: A): R;
  async(...args: [...A, (error: unknown, result: R) => void]): void;
}

/**
 * The part of ONNX Runtime's C interface that is used, by its names there. Results come back at an address that the
 * caller passes last; arrays go in by address too, which koffi converts ten times faster than JavaScript arrays.
 */
export interface OnnxLibrary {
  createEnv: Native<[severity: number, id: string, out: Address], Status>;
  createSessionOptions(out: Address): Status;
  addSessionConfigEntry(options: Address, key: string, value: string): Status;
  createSessionFromArray: Native<[Address, Uint8Array, number, Address, Address], Status>;
  appendProvider(options: Address, name: string, keys: Address, values: Address, count: number): Status;
  createCpuMemoryInfo(allocator: number, memory: number, out: Address): Status;
  createTensorWithData(
    memory: Address,
    data: ArrayBufferView | Address,
    bytes: number,
    shape: Address,
    rank: number,
    type: number,
    out: Address,
  ): Status;
  run(
    session: Address,
    options: Address | null,
    inputNames: Address,
    inputs: Address,
    inputCount: number,
    outputNames: Address,
    outputCount: number,
    outputs: Address,
  ): Status;
  createRunOptions(out: Address): Status;
  /** Ends the run that has these options, soon. */
  setTerminate(runOptions: Address): Status;
  getAllocator(out: Address): Status;
  free(allocator: Address, memory: Address): Status;
  inputCount(session: Address, out: Address): Status;
  outputCount(session: Address, out: Address): Status;
  inputName(session: Address, index: number, allocator: Address, out: Address): Status;
  outputName(session: Address, index: number, allocator: Address, out: Address): Status;
  inputType(session: Address, index: number, out: Address): Status;
  outputType(session: Address, index: number, out: Address): Status;
  kindOfType(type: Address, out: Address): Status;
  /** The result belongs to `type`; null for what is no tensor. */
  tensorOfType(type: Address, out: Address): Status;
  elementTypeOf(tensorType: Address, out: Address): Status;
  dimensionCount(tensorType: Address, out: Address): Status;
  dimensions(tensorType: Address, out: Address, count: number): Status;
  symbolicDimensions(tensorType: Address, out: Address, count: number): Status;
  kindOfValue(value: Address, out: Address): Status;
  hasValue(value: Address, out: Address): Status;
  tensorTypeOf(value: Address, out: Address): Status;
  tensorData(value: Address, out: Address): Status;
  createTensor(allocator: Address, shape: Address, rank: number, type: number, out: Address): Status;
  fillStrings(value: Address, strings: Address, count: number): Status;
  stringsLength(value: Address, out: Address): Status;
  stringsContent(value: Address, text: Address, bytes: number, offsets: Address, count: number): Status;
  /** Which nodes each provider got; absent before ONNX Runtime 1.30. */
  readonly assignment: AssignmentLibrary | undefined;
  /** Where `run` is, for a thread that binds it anew. */
  readonly runAddress: Address;
  getErrorCode(status: Address): number;
  getErrorMessage(status: Address): string;
  releaseStatus(status: Address): void;
  releaseValue(value: Address): void;
  releaseSession: Native<[session: Address], void>;
  releaseRunOptions(options: Address): void;
  releaseType(type: Address): void;
  releaseTensorType(tensorType: Address): void;
  releaseSessionOptions(options: Address): void;
  /** Where the bytes of a typed array are, for as long as it lives. */
  addressOf(memory: ArrayBufferView): number;
  /** Native memory, which must outlive every use of the result. */
  at(address: Address, bytes: number): Uint8Array;
}

/** Who runs which nodes of a session that was told to record it. Lists belong to the session. */
export interface AssignmentLibrary {
  parts(session: Address, list: Address, count: Address): Status;
  provider(part: Address, out: Address): Status;
  nodes(part: Address, list: Address, count: Address): Status;
  operator(node: Address, out: Address): Status;
}

/** The interface version asked for; newer libraries keep serving it. It came with ONNX Runtime 1.17. */
const apiVersion = 17;

/** What `Run` takes. */
export const runParameters = [
  "void *",
  "void *",
  "void *",
  "void *",
  "size_t",
  "void *",
  "size_t",
  "void *",
] as const;

/**
 * Positions in `struct OrtApi`, which only ever grows at its end, and the parameters there:
 * https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_c_api.h
 */
const signatures = {
  getErrorCode: [1, "int", ["void *"]],
  getErrorMessage: [2, "str", ["void *"]],
  createEnv: [3, "void *", ["int", "str", "void *"]],
  createSessionFromArray: [8, "void *", ["void *", "void *", "size_t", "void *", "void *"]],
  run: [9, "void *", runParameters],
  createSessionOptions: [10, "void *", ["void *"]],
  inputCount: [30, "void *", ["void *", "void *"]],
  outputCount: [31, "void *", ["void *", "void *"]],
  inputType: [33, "void *", ["void *", "size_t", "void *"]],
  outputType: [34, "void *", ["void *", "size_t", "void *"]],
  inputName: [36, "void *", ["void *", "size_t", "void *", "void *"]],
  outputName: [37, "void *", ["void *", "size_t", "void *", "void *"]],
  createRunOptions: [39, "void *", ["void *"]],
  setTerminate: [46, "void *", ["void *"]],
  createTensor: [48, "void *", ["void *", "void *", "size_t", "int", "void *"]],
  createTensorWithData: [49, "void *", ["void *", "void *", "size_t", "void *", "size_t", "int", "void *"]],
  tensorData: [51, "void *", ["void *", "void *"]],
  fillStrings: [52, "void *", ["void *", "void *", "size_t"]],
  stringsLength: [53, "void *", ["void *", "void *"]],
  stringsContent: [54, "void *", ["void *", "void *", "size_t", "void *", "size_t"]],
  tensorOfType: [55, "void *", ["void *", "void *"]],
  kindOfType: [56, "void *", ["void *", "void *"]],
  elementTypeOf: [60, "void *", ["void *", "void *"]],
  dimensionCount: [61, "void *", ["void *", "void *"]],
  dimensions: [62, "void *", ["void *", "void *", "size_t"]],
  symbolicDimensions: [63, "void *", ["void *", "void *", "size_t"]],
  tensorTypeOf: [65, "void *", ["void *", "void *"]],
  kindOfValue: [67, "void *", ["void *", "void *"]],
  createCpuMemoryInfo: [69, "void *", ["int", "int", "void *"]],
  free: [76, "void *", ["void *", "void *"]],
  getAllocator: [78, "void *", ["void *"]],
  releaseStatus: [93, "void", ["void *"]],
  releaseSession: [95, "void", ["void *"]],
  releaseValue: [96, "void", ["void *"]],
  releaseRunOptions: [97, "void", ["void *"]],
  releaseType: [98, "void", ["void *"]],
  releaseTensorType: [99, "void", ["void *"]],
  releaseSessionOptions: [100, "void", ["void *"]],
  addSessionConfigEntry: [130, "void *", ["void *", "str", "str"]],
  hasValue: [192, "void *", ["void *", "void *"]],
  appendProvider: [216, "void *", ["void *", "str", "void *", "void *", "size_t"]],
} as const;

/** The same for the assignment of nodes, whose positions were checked against this version. */
const assignmentVersion = 30;
const assignmentSignatures = {
  parts: [407, "void *", ["void *", "void *", "void *"]],
  provider: [408, "void *", ["void *", "void *"]],
  nodes: [409, "void *", ["void *", "void *", "void *"]],
  operator: [412, "void *", ["void *", "void *"]],
} as const;

const leastStackBytes = 512 << 10;

/**
 * Loads the library inside the optional package onnxruntime-node, not its JavaScript binding: that one blocks the
 * event loop for the whole run, copies on every call and refuses shared memory. Rejects with ENGINE_MISSING.
 */
export async function loadOnnxLibrary(packageJson = findPackage()): Promise<OnnxLibrary> {
  const path = findLibrary(packageJson);
  const koffi = await loadFfi();
  if (ffiStackBytes(koffi) < leastStackBytes) {
    throw new AikoError("ENGINE_MISSING", {
      message: `koffi was started elsewhere with ${ffiStackBytes(koffi)} bytes of stack; ONNX Runtime needs ${leastStackBytes}`,
      hint: "Call open() before anything else loads a library through koffi, or call koffi.config({ async_stack_size: 8388608 }) first.",
    });
  }
  try {
    return await bind(koffi, path);
  } catch (cause) {
    throw new AikoError("ENGINE_MISSING", {
      message: `${path} does not load: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "Reinstall it: npm install onnxruntime-node",
      cause,
    });
  }
}

function findPackage(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  } catch {
    return undefined;
  }
}

function findLibrary(packageJson: string | undefined): string {
  if (packageJson === undefined) {
    throw new AikoError("ENGINE_MISSING", {
      message: "The CPU engine, the optional package onnxruntime-node, is not installed",
      hint: "Install it: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node",
    });
  }
  const { platform, arch } = process;
  const folder = join(dirname(packageJson), "bin", "napi-v6", platform, arch);
  const names: Record<string, string> = { win32: "onnxruntime.dll", darwin: "libonnxruntime.1.dylib" };
  const path = join(folder, names[platform] ?? "libonnxruntime.so.1");
  if (existsSync(path)) return path;
  throw new AikoError("ENGINE_MISSING", {
    message: `onnxruntime-node has no library for ${platform} on ${arch}: ${path} is not there`,
    hint: "Install version 1.30 or later of onnxruntime-node on a platform it supports.",
  });
}

async function bind(koffi: Koffi, path: string): Promise<OnnxLibrary> {
  const library = await loadLibrary(koffi, path);
  const base: Address = library.func("OrtGetApiBase", "void *", [])();
  const [getApi]: Address[] = koffi.decode(base, koffi.array("void *", 2));
  const apiOf: (version: number) => Address | null = koffi.decode(
    getApi,
    koffi.proto("void *", ["uint32_t"]),
  );
  const api = apiOf(apiVersion);
  if (api === null)
    throw new AikoError("ENGINE_MISSING", { message: `it does not offer interface ${apiVersion}` });
  const newer = apiOf(assignmentVersion);
  const functions = bindTable(koffi, api, signatures);
  return {
    ...functions.bound,
    assignment:
      newer === null
        ? undefined
        : (bindTable(koffi, newer, assignmentSignatures).bound as unknown as AssignmentLibrary),
    runAddress: functions.table[signatures.run[0]],
    addressOf: (memory: ArrayBufferView) => Number(koffi.address(memory)),
    at: (address: Address, bytes: number) => new Uint8Array(koffi.view(BigInt(address), bytes)),
  };
}

type Table = Readonly<Record<string, readonly [slot: number, result: string, parameters: readonly string[]]>>;

function bindTable(koffi: Koffi, api: Address, table: Table) {
  const last = Math.max(...Object.values(table).map(([slot]) => slot));
  const addresses: Address[] = koffi.decode(api, koffi.array("void *", last + 1));
  const bound = Object.entries(table).map(([name, [slot, result, parameters]]) => [
    name,
    koffi.decode(addresses[slot], koffi.proto(result, [...parameters])),
  ]);
  return { table: addresses, bound: Object.fromEntries(bound) };
}
