import type { OnnxTensor } from "../onnx/model.ts";
import type { DType, HostTensor } from "./types.ts";

/** Device memory of a plan: what a step writes, or data that is there before. */
export interface Buffer {
  readonly id: number;
  readonly dtype: DType;
  /** Elements. */
  readonly length: number;
  readonly source: BufferSource;
}

export type BufferSource =
  | { readonly kind: "step" }
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "constant"; readonly key: string; readonly tensor: OnnxTensor | HostTensor };
