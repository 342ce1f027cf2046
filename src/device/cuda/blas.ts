import { loadFfi } from "../../core/ffi.ts";
import { bindFunctions, type Handle, type Pinned } from "../../core/native.ts";
import { AikoError, toAikoError } from "../../errors.ts";
import type { Blas, Device, MatrixProduct, ProductType, WorkOptions } from "../device.ts";
import type { Region } from "../regions.ts";
import type { DeviceTimer } from "../timer.ts";
import type { Block, CudaAllocation } from "./buffer.ts";
import {
  CUBLAS_STATUS_ALLOC_FAILED,
  type Cublas,
  cublasSignatures,
  cublasStatusName,
  type ProductArguments,
} from "./cublas.ts";
import type { CudaLibrary } from "./library.ts";
import { type CheckedProduct, checkProduct, isInPlace, placesOf } from "./product.ts";
import type { CudaQueue } from "./queue.ts";
import type { FoundLibrary } from "./search.ts";
import type { DriverLibrary, DriverThread } from "./thread.ts";

/** What NVIDIA recommends for the largest GPUs. */
const workspaceBytes = 32 * 2 ** 20;
const maxShapes = 4096;
const scalarBytes = 16;
/** Scratch that nothing else of this backend uses. */
const scalarSlot = 64;

/** cudaDataType and cublasComputeType_t. */
const types: Readonly<Record<ProductType, { readonly data: number; readonly compute: number }>> = {
  f32: { data: 0, compute: 68 },
  tf32: { data: 0, compute: 77 },
  f16: { data: 2, compute: 68 },
  bf16: { data: 14, compute: 68 },
  f64: { data: 1, compute: 70 },
};

const CUBLAS_OP_N = 0;
const CUBLAS_OP_T = 1;
const CUBLAS_GEMM_DEFAULT = -1;

export interface BlasOptions {
  readonly device: Device;
  readonly library: CudaLibrary;
  readonly calls: DriverThread;
  readonly queue: CudaQueue;
  readonly cublas: FoundLibrary;
  /** Files to load before it. */
  readonly companions: readonly string[];
  readonly timerOf: (options: WorkOptions | undefined) => DeviceTimer | undefined;
  readonly assertUsable: () => void;
  /** It does not load. */
  readonly onMissing: () => void;
}

interface Loaded {
  readonly cublas: Cublas;
  readonly handle: Handle;
  readonly workspace: Block;
}

/**
 * cuBLAS on the compute stream. It is loaded with the first product, on a thread: it is hundreds of megabytes. So is
 * the first product of each shape, because cuBLAS then loads the kernel for it.
 */
export class CudaBlas implements Blas {
  readonly #options: BlasOptions;
  readonly #library: DriverLibrary;
  readonly #shapes = new Set<string>();
  #loading: Promise<Loaded> | undefined;
  #loaded: Loaded | undefined;

  constructor(options: BlasOptions) {
    this.#options = options;
    const { path } = options.cublas;
    this.#library = { kind: "cublas", path, before: options.companions };
  }

  get name(): string {
    const { major, minor, path } = this.#options.cublas;
    return `cuBLAS ${major}.${minor} at ${path}`;
  }

  multiply(work: MatrixProduct, options?: WorkOptions): void {
    const { device, queue, assertUsable, timerOf } = this.#options;
    assertUsable();
    const timer = timerOf(options);
    const product = checkProduct<CudaAllocation>(work, device);
    const { a, b, c, out } = product;
    if (work.m === 0 || work.n === 0 || work.batch === 0) return;
    if (c !== undefined && !isInPlace(c, out, work)) {
      for (const { from, to, byteLength } of placesOf(work)) {
        const source = { ...c, byteOffset: c.byteOffset + from, byteLength };
        queue.copy(source, { ...out, byteOffset: out.byteOffset + to, byteLength }, timer);
      }
    }
    const isWhole = c === undefined;
    const submit = (stream: Handle) => this.#submit(product, stream);
    queue.enqueue({ reads: [a, b], write: out, isWhole, submit }, timer);
  }

  #submit(product: CheckedProduct<CudaAllocation>, stream: Handle): void | Promise<void> {
    const { type, m, n, k, batch, transposeA, transposeB } = product.work;
    const shape = [type, m, n, k, batch, transposeA, transposeB].join();
    const loaded = this.#loaded;
    if (loaded === undefined || !this.#shapes.has(shape)) {
      if (this.#shapes.size >= maxShapes) this.#shapes.clear();
      this.#shapes.add(shape);
      return this.#submitOnThread(product, stream);
    }
    const { library } = this.#options;
    const scalars = library.slot(scalarSlot);
    writeScalars(new DataView(library.slots.buffer, library.slots.byteOffset + 8 * scalarSlot), product.work);
    const args = argumentsOf(product, loaded.handle, scalars);
    assertDone(loaded.cublas.cublasGemmStridedBatchedEx(...args), "A matrix product");
  }

  async #submitOnThread(product: CheckedProduct<CudaAllocation>, stream: Handle): Promise<void> {
    const { library } = this.#options;
    this.#loading ??= this.#load(stream);
    const { handle } = await this.#loading;
    const scalars = library.pinned(scalarBytes);
    writeScalars(new DataView(scalars.bytes.buffer, scalars.bytes.byteOffset), product.work);
    const args = argumentsOf(product, handle, scalars.address);
    await this.#call("cublasGemmStridedBatchedEx", args, scalars);
  }

  async #load(stream: Handle): Promise<Loaded> {
    const { library, queue, cublas: file, onMissing } = this.#options;
    const made = library.pinned(8);
    let handle: Handle | undefined;
    try {
      await this.#call("cublasCreate_v2", [made.address], made);
      handle = Number(new DataView(made.bytes.buffer, made.bytes.byteOffset).getBigUint64(0, true));
      const koffi = await loadFfi();
      const cublas = bindFunctions<Cublas>(koffi.load(file.path), cublasSignatures);
      await this.#call("cublasSetStream_v2", [handle, stream]);
      const workspace = queue.allocate(workspaceBytes, "the workspace of cuBLAS");
      await this.#call("cublasSetWorkspace_v2", [handle, workspace.address, workspaceBytes]);
      this.#loaded = { cublas, handle, workspace };
      return this.#loaded;
    } catch (thrown) {
      this.#loading = undefined;
      if (handle !== undefined) await this.#call("cublasDestroy_v2", [handle]).catch(() => {});
      const cause = toAikoError(thrown);
      if (cause.code === "OUT_OF_MEMORY" || cause.code === "DEVICE_LOST") throw cause;
      onMissing();
      const message = `${this.name} cannot be used: ${cause.message}`;
      throw new AikoError("UNSUPPORTED", {
        message,
        hint: "aikoryu doctor says which one to install.",
        cause,
      });
    }
  }

  async #call(name: keyof Cublas, args: readonly Handle[], keep?: Pinned): Promise<void> {
    const { calls } = this.#options;
    assertDone(await calls.callIn(this.#library, name, args, keep), name);
  }

  /** Only after everything enqueued is done. */
  async release(): Promise<void> {
    const loaded = await this.#loading?.catch(() => undefined);
    if (loaded === undefined) return;
    await this.#call("cublasDestroy_v2", [loaded.handle]).catch(() => {});
    this.#options.queue.free(loaded.workspace);
  }
}

/** `alpha`, then `beta` eight bytes on: f64 for f64, else f32. */
function writeScalars(view: DataView, { type, alpha, beta }: MatrixProduct): void {
  if (type === "f64") {
    view.setFloat64(0, alpha, true);
    view.setFloat64(8, beta, true);
  } else {
    view.setFloat32(0, alpha, true);
    view.setFloat32(8, beta, true);
  }
}

/** cuBLAS has columns where we have rows: it is asked for the transpose, which is the product the other way round. */
function argumentsOf(
  { work, a, b, out }: CheckedProduct<CudaAllocation>,
  handle: Handle,
  scalars: number,
): ProductArguments {
  const { m, n, k, batch, transposeA, transposeB, strideA, strideB } = work;
  const { data, compute } = types[work.type];
  const at = ({ allocation, byteOffset }: Region<CudaAllocation>) => allocation.address + byteOffset;
  return [
    handle,
    transposeB ? CUBLAS_OP_T : CUBLAS_OP_N,
    transposeA ? CUBLAS_OP_T : CUBLAS_OP_N,
    n,
    m,
    k,
    scalars,
    at(b),
    data,
    Math.max(1, transposeB ? k : n),
    strideB,
    at(a),
    data,
    Math.max(1, transposeA ? m : k),
    strideA,
    scalars + 8,
    at(out),
    data,
    n,
    m * n,
    batch,
    compute,
    CUBLAS_GEMM_DEFAULT,
  ];
}

function assertDone(status: number, action: string): void {
  if (status === 0) return;
  const code = status === CUBLAS_STATUS_ALLOC_FAILED ? "OUT_OF_MEMORY" : "INTERNAL";
  throw new AikoError(code, { message: `${action} failed: ${cublasStatusName(status)}` });
}
