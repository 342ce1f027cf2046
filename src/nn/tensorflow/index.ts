export type { TensorFlowLibrary } from "./library.ts";
export type { HeldMemory, MatrixExchange } from "./matrices.ts";
export { type TensorFlow, type TensorFlowOptions, tensorflow } from "./tensorflow.ts";
