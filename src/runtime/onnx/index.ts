export { type HostTensor, OnnxEngine, type OnnxRequest, type OnnxTiming, onnxEngine } from "./engine.ts";
export { loadOnnxLibrary } from "./library.ts";
export type { Attribute, Graph, Node } from "./model.ts";
