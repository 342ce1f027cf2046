export type { ValueDescription } from "./describe.ts";
export * from "./elements.ts";
export { type HostTensor, OnnxEngine, type OnnxRequest, type OnnxTiming, onnxEngine } from "./engine.ts";
export { loadOnnxLibrary } from "./library.ts";
export type { Attribute, Graph, Node } from "./model.ts";
export type { ModelResult, ModelRun, ModelSession, ModelSource, OnnxProvider } from "./model-session.ts";
export type { EngineTensor } from "./tensor-values.ts";
