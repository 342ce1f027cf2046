import type { LibraryHandle } from "koffi";
import { loadFfi } from "../../core/ffi.ts";
import { bindFunctions, type Handle, type Pinned } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
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
import { type CheckedProduct, checkProduct } from "./product.ts";
import type { CudaQueue } from "./queue.ts";
import type { DriverLibrary, DriverThread } from "./thread.ts";

/** What NVIDIA recommends for the largest GPUs. */
const workspaceBytes = 32 * 2 ** 20;
const maxShapes = 4096;

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
  readonly path: string;
  readonly version: readonly [major: number, minor: number];
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
    this.#library = { kind: "cublas", path: options.path };
  }

  get name(): string {
    return `cuBLAS at ${this.#options.path}`;
  }

  multiply(work: MatrixProduct, options?: WorkOptions): void {
    const { device, queue, assertUsable, timerOf } = this.#options;
    assertUsable();
    const timer = timerOf(options);
    const product = checkProduct<CudaAllocation>(work, device);
    const { a, b, c, out } = product;
    if (work.m === 0 || work.n === 0 || work.batch === 0) return;
    const isInPlace = c !== undefined && c.allocation === out.allocation && c.byteOffset === out.byteOffset;
    if (c !== undefined && !isInPlace) queue.copy(c, out, timer);
    const reads: Region<CudaAllocation>[] = [a, b];
    queue.enqueue({ reads, writes: [out], submit: (stream) => this.#submit(product, stream) }, timer);
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
    const scalars = scalarsOf(library, product.work);
    const args = argumentsOf(product, loaded.handle, scalars.address);
    assertDone(loaded.cublas.cublasGemmStridedBatchedEx(...args), "A matrix product");
  }

  async #submitOnThread(product: CheckedProduct<CudaAllocation>, stream: Handle): Promise<void> {
    const { library, calls } = this.#options;
    this.#loading ??= this.#load(stream);
    const { handle } = await this.#loading;
    const scalars = scalarsOf(library, product.work);
    const args = argumentsOf(product, handle, scalars.address);
    assertDone(
      await calls.callIn(this.#library, "cublasGemmStridedBatchedEx", args, scalars),
      "A matrix product",
    );
  }

  async #load(stream: Handle): Promise<Loaded> {
    const { library, calls, queue, path, onMissing } = this.#options;
    const made = library.pinned(8);
    try {
      assertDone(
        await calls.callIn(this.#library, "cublasCreate_v2", [made.address], made),
        "Starting cuBLAS",
      );
    } catch (cause) {
      onMissing();
      throw cause;
    }
    const handle = Number(new DataView(made.bytes.buffer, made.bytes.byteOffset).getBigUint64(0, true));
    const koffi = await loadFfi();
    const found: LibraryHandle = koffi.load(path);
    const cublas = bindFunctions<Cublas>(found, cublasSignatures);
    const workspace = queue.allocate(workspaceBytes, "the workspace of cuBLAS");
    assertDone(await calls.callIn(this.#library, "cublasSetStream_v2", [handle, stream]), "Starting cuBLAS");
    const args = [handle, workspace.address, workspaceBytes];
    assertDone(await calls.callIn(this.#library, "cublasSetWorkspace_v2", args), "Starting cuBLAS");
    this.#loaded = { cublas, handle, workspace };
    return this.#loaded;
  }

  /** Only after everything enqueued is done. */
  async release(): Promise<void> {
    const loaded = await this.#loading?.catch(() => undefined);
    if (loaded === undefined) return;
    await this.#options.calls.callIn(this.#library, "cublasDestroy_v2", [loaded.handle]).catch(() => {});
    this.#options.queue.free(loaded.workspace);
  }
}

/** `alpha`, then `beta` eight bytes on: f64 for f64, else f32. */
function scalarsOf(library: CudaLibrary, { type, alpha, beta }: MatrixProduct): Pinned {
  const scalars = library.pinned(16);
  const view = new DataView(scalars.bytes.buffer, scalars.bytes.byteOffset);
  if (type === "f64") {
    view.setFloat64(0, alpha, true);
    view.setFloat64(8, beta, true);
  } else {
    view.setFloat32(0, alpha, true);
    view.setFloat32(8, beta, true);
  }
  return scalars;
}

/** cuBLAS has columns where we have rows: it is asked for the transpose, which is the product the other way round. */
function argumentsOf(
  { work, a, b, out }: CheckedProduct<CudaAllocation>,
  handle: Handle,
  scalars: number,
): ProductArguments {
  const { m, n, k, batch, transposeA, transposeB, strideA, strideB, strideC } = work;
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
    strideC,
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
