export { encodeGguf, type GgufFile, type GgufTensor, type GgufValue } from "./gguf.ts";
export { type GraphShape, type GraphValue, OnnxBuilder } from "./onnx.ts";
