export { type GgufHeader, readGguf } from "./read.ts";
export type { GgufTensorInfo } from "./tensor.ts";
export type { GgufList, GgufMetadata, GgufScalar } from "./values.ts";
