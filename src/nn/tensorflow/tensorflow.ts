import type { io, Tensor } from "@tensorflow/tfjs-core";
import type { Shape } from "../../core/shape.ts";
import type { BufferView, Device, DeviceBuffer } from "../../device/device.ts";
import { WebGpuDevice } from "../../device/webgpu/device.ts";
import { AikoError, allowsFallback } from "../../errors.ts";
import type { Runtime } from "../../runtime/index.ts";
import { addChainedMethods } from "./chained-methods.ts";
import { modelFiles } from "./files.ts";
import { loadLibrary, type TensorFlowLibrary } from "./library.ts";
import { assertAlive, assertOnDevice, type MatrixExchange, matrixType, tensorType } from "./matrices.ts";
import { startWasm } from "./wasm-backend.ts";
import { registerWebGpu, type SharedBackend } from "./webgpu-backend.ts";

export interface TensorFlowOptions {
  /**
   * Default "auto": WebGPU where the runtime has a GPU for it, else WASM. "webgpu" also takes a software device, which is
   * slower than WASM.
   */
  readonly backend?: "auto" | "webgpu" | "wasm" | undefined;
  /** Which of the runtime's WebGPU devices, by id. */
  readonly device?: string | undefined;
}

/** TensorFlow.js on this runtime's device. */
export interface TensorFlow<M = unknown> extends Disposable {
  /** The library: tfjs-core and tfjs-layers, the same objects that `import` gives. */
  readonly tf: TensorFlowLibrary;
  readonly backend: "webgpu" | "wasm";
  /** Why this backend. */
  readonly reason: string;
  /** The device that tensors are on; undefined for WASM. */
  readonly device: Device | undefined;
  /**
   * A matrix of a tensor's numbers: of its device memory, without a copy, where it has some. The tensor may be disposed
   * afterwards. Rejects with UNSUPPORTED for complex numbers and strings, and as reading does.
   */
  toMatrix(tensor: Tensor): Promise<M>;
  /** A tensor of a matrix's numbers: of its device memory, without a copy, where it is on the same device. */
  fromMatrix(matrix: M): Promise<Tensor>;
  /**
   * A tensor's device memory for kernels of one's own; dispose the buffer to let it go. Throws UNSUPPORTED on WASM, and
   * INVALID_ARGUMENT for other types than float32 and int32.
   */
  toBuffer(tensor: Tensor): DeviceBuffer;
  /** A tensor of device memory, which must stay until the tensor is disposed; a view that starts inside is copied. */
  fromBuffer(buffer: DeviceBuffer | BufferView, shape: Shape, dtype?: "float32" | "int32"): Tensor;
  /** Where models are saved to and loaded from: a folder with model.json and weights.bin. */
  files(folder: string): io.IOHandler;
  /**
   * Runs `work` once without computing and compiles off the JavaScript thread what it would have compiled on it: call it
   * before the first step or prediction. It must neither read values nor assign variables: a step's gradients, not the
   * step. On WASM nothing happens.
   */
  warmUp(work: () => unknown): Promise<void>;
  /** Gives the backend up and frees its memory; tensors on it can no longer be used, matrices of theirs can. */
  dispose(): void;
}

interface Binding {
  readonly backend: "webgpu" | "wasm";
  readonly reason: string;
  readonly device: WebGpuDevice | undefined;
  readonly shared: SharedBackend | undefined;
}

/** TensorFlow.js has one engine a process, so one backend at a time, for all who ask for the same. */
let active: (Binding & { users: number }) | undefined;
let binding: Promise<unknown> = Promise.resolve();

/**
 * Loads TensorFlow.js and binds it to a device of the runtime. Rejects with ENGINE_MISSING where its packages are not
 * installed, with DEVICE_NOT_FOUND where "webgpu" was asked for and there is none, and with UNSUPPORTED while another
 * device or backend is in use.
 */
export async function tensorflow<M>(
  runtime: Runtime,
  matrices: MatrixExchange<M>,
  options: TensorFlowOptions = {},
): Promise<TensorFlow<M>> {
  const tf = await loadLibrary();
  addChainedMethods(tf);
  const { device, reason } = await deviceFor(runtime, options);
  const bound = binding.then(() => bind(tf, device, reason));
  binding = bound.catch(() => undefined);
  return new BoundTensorFlow(tf, await bound, matrices);
}

interface Chosen {
  readonly device: WebGpuDevice | undefined;
  readonly reason: string;
}

/** Where the choice is free, a device that cannot be opened leaves the work to WASM. */
async function deviceFor(runtime: Runtime, options: TensorFlowOptions): Promise<Chosen> {
  const { adapterId, reason } = await choose(runtime, options);
  if (adapterId === undefined) return { device: undefined, reason };
  try {
    const device = await runtime.device(adapterId);
    return { device: device instanceof WebGpuDevice ? device : undefined, reason };
  } catch (error) {
    const isFree = (options.backend ?? "auto") === "auto" && options.device === undefined;
    if (!isFree || !allowsFallback(error)) throw error;
    return { device: undefined, reason: `${adapterId} does not open: ${error.message}` };
  }
}

async function choose(
  runtime: Runtime,
  { backend = "auto", device }: TensorFlowOptions,
): Promise<{ adapterId: string | undefined; reason: string }> {
  if (!["auto", "webgpu", "wasm"].includes(backend)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `backend is ${JSON.stringify(backend)}`,
      hint: 'Use "auto", "webgpu" or "wasm".',
    });
  }
  if (backend === "wasm") return { adapterId: undefined, reason: 'backend "wasm" was asked for' };
  const adapters = await runtime.adapters();
  const webgpu = adapters.filter((one) => one.backend === "webgpu" && (device ?? one.id) === one.id);
  const asked = backend === "webgpu" || device !== undefined;
  const found = webgpu.find(({ kind }) => kind === "gpu") ?? (asked ? webgpu[0] : undefined);
  if (found !== undefined) return { adapterId: found.id, reason: `${found.name} has WebGPU` };
  if (asked) {
    throw new AikoError("DEVICE_NOT_FOUND", {
      message: `TensorFlow.js was to run on ${device ?? "WebGPU"}, and this runtime has ${adapters.map(({ id }) => id).join(", ") || "no device"}`,
      hint: 'Open the runtime with one: open({ device: ["cuda", "webgpu"] }); or leave the backend out.',
    });
  }
  const software = webgpu[0];
  const reason =
    software === undefined
      ? "the runtime has no WebGPU device"
      : `${software.name} is WebGPU in software, which is slower than WASM`;
  return { adapterId: undefined, reason };
}

async function bind(
  tf: TensorFlowLibrary,
  device: WebGpuDevice | undefined,
  reason: string,
): Promise<Binding> {
  const backend = device === undefined ? "wasm" : "webgpu";
  if (active !== undefined && active.device === device && active.backend === backend && !device?.isLost) {
    active.users++;
    return active;
  }
  if (active !== undefined && !active.device?.isLost) {
    throw new AikoError("UNSUPPORTED", {
      message: `TensorFlow.js already runs on ${active.device?.label ?? "WASM"}: it has one engine a process`,
      hint: "Dispose what tensorflow() returned there first.",
    });
  }
  const shared = device === undefined ? undefined : await registerWebGpu(tf, device);
  if (!(device === undefined ? await startWasm(tf) : await tf.setBackend(backend))) {
    throw new AikoError("INTERNAL", { message: `TensorFlow.js's ${backend} backend does not start` });
  }
  active = { backend, reason, device, shared, users: 1 };
  return active;
}

class BoundTensorFlow<M> implements TensorFlow<M> {
  readonly tf: TensorFlowLibrary;
  readonly #binding: Binding;
  readonly #matrices: MatrixExchange<M>;
  #disposed = false;

  constructor(tf: TensorFlowLibrary, binding: Binding, matrices: MatrixExchange<M>) {
    this.tf = tf;
    this.#binding = binding;
    this.#matrices = matrices;
  }

  get backend(): "webgpu" | "wasm" {
    return this.#binding.backend;
  }

  get reason(): string {
    return this.#binding.reason;
  }

  get device(): Device | undefined {
    return this.#binding.device;
  }

  async toMatrix(tensor: Tensor): Promise<M> {
    this.#assertUsable();
    assertAlive(tensor);
    const dtype = matrixType(tensor);
    const buffer = dtype === "bool" ? undefined : this.#keep(tensor);
    if (buffer !== undefined) {
      return this.#matrices.fromDevice({ buffer, release: () => buffer.dispose() }, tensor.shape, dtype);
    }
    return this.#matrices.fromHost(await tensor.data<"float32">(), tensor.shape, dtype);
  }

  async fromMatrix(matrix: M): Promise<Tensor> {
    this.#assertUsable();
    const { shape, dtype } = this.#matrices.describe(matrix);
    const type = tensorType(dtype);
    const { device, shared } = this.#binding;
    if (device !== undefined && shared !== undefined && type !== "bool") {
      const held = await this.#matrices.hold(matrix, device);
      if (held !== undefined) return shared.adopt(held.buffer, [...shape], type, held.release);
    }
    const values = await this.#matrices.read(matrix);
    this.#assertUsable();
    return this.tf.tensor(values as Float32Array, [...shape], type);
  }

  toBuffer(tensor: Tensor): DeviceBuffer {
    this.#assertUsable();
    assertAlive(tensor);
    assertOnDevice(tensor.dtype);
    this.#onDevice().uploadToGPU(tensor.dataId);
    const buffer = this.#keep(tensor);
    if (buffer !== undefined) return buffer;
    throw new AikoError("INVALID_ARGUMENT", { message: `A tensor of shape [${tensor.shape}] has no memory` });
  }

  fromBuffer(
    buffer: DeviceBuffer | BufferView,
    shape: Shape,
    dtype: "float32" | "int32" = "float32",
  ): Tensor {
    this.#assertUsable();
    return this.#onDevice().adopt(buffer, [...shape], dtype, () => {});
  }

  files(folder: string): io.IOHandler {
    return modelFiles(this.tf, folder);
  }

  async warmUp(work: () => unknown): Promise<void> {
    this.#assertUsable();
    const { shared } = this.#binding;
    if (shared === undefined) return;
    const flags = this.tf.env();
    flags.set("WEBGPU_ENGINE_COMPILE_ONLY", true);
    try {
      this.tf.tidy(() => void work());
      await shared.checkCompileCompletionAsync();
    } finally {
      flags.set("WEBGPU_ENGINE_COMPILE_ONLY", false);
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (active === undefined || active !== this.#binding) return;
    active.users--;
    if (active.users > 0) return;
    active = undefined;
    this.tf.removeBackend(this.backend);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The tensor's device memory, kept by a tensor of its own. */
  #keep(tensor: Tensor): DeviceBuffer | undefined {
    const clone = this.tf.keep(this.tf.clone(tensor));
    const buffer = this.#binding.shared?.lend(tensor.dataId, () => clone.dispose());
    if (buffer === undefined) clone.dispose();
    return buffer;
  }

  #onDevice(): SharedBackend {
    const { shared } = this.#binding;
    if (shared !== undefined) return shared;
    throw new AikoError("UNSUPPORTED", {
      message: "TensorFlow.js's WASM backend has no device memory",
      hint: "Use toMatrix and fromMatrix, or a runtime with a WebGPU device.",
    });
  }

  #assertUsable(): void {
    if (!this.#disposed) return;
    throw new AikoError("DISPOSED", {
      message: "This TensorFlow.js was disposed",
      hint: "Call gpu.nn.tensorflow() again.",
    });
  }
}
