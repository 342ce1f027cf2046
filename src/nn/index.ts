export type { NamedTensors, Unsupported } from "./executor/executor.ts";
export * from "./export/index.ts";
export { bindNn, type NnFamily } from "./family.ts";
export { type LoadOptions, loadModel, type Provider } from "./load.ts";
export { Model, type ModelResult, type ModelRunOptions, type NnReport, type WarmUpOptions } from "./model.ts";
export * from "./onnx/index.ts";
export type { ModelValue } from "./signature.ts";
export type { NnDType, NnTensor, TensorInput } from "./tensor.ts";
export * from "./tensorflow/index.ts";
