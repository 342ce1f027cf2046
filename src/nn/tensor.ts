import type { Shape } from "../core/shape.ts";
import type { ElementType } from "./onnx/elements.ts";
import type { TensorData } from "./onnx/model.ts";

/** A dense tensor in host memory, row-major. */
export interface NnTensor {
  readonly dtype: Exclude<ElementType, "unsupported">;
  readonly shape: Shape;
  /** f16 and bf16 as their bits, bool as bytes of 0 and 1. */
  readonly data: TensorData;
}
