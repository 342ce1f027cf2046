export * from "./build.ts";
export * from "./composed.ts";
export * from "./expression.ts";
export { toJavascript } from "./javascript.ts";
export { constantText, constantWords, functionsText, toWgsl } from "./wgsl.ts";
