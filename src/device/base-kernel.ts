import type { KernelBinding, Translation } from "../wgsl/index.ts";
import type { Device, Kernel } from "./device.ts";

/** A backend's own compiled form of one entry point. */
export interface Program {
  /** True when it came from the disk cache. */
  readonly cached: boolean;
  release(): void;
}

export class BaseKernel implements Kernel {
  readonly device: Device;
  readonly label: string;
  readonly entryPoint: string;
  readonly workgroupSize: readonly [number, number, number];
  readonly bindings: readonly KernelBinding[];
  readonly program: Program;
  readonly #release: () => void;
  #disposed = false;

  constructor(
    device: Device,
    translation: Translation,
    program: Program,
    label: string,
    release: () => void,
  ) {
    this.device = device;
    this.label = label;
    this.entryPoint = translation.entryPoint;
    this.workgroupSize = translation.workgroupSize;
    this.bindings = translation.bindings;
    this.program = program;
    this.#release = release;
  }

  get cached(): boolean {
    return this.program.cached;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
