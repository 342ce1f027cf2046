export * from "./export/index.ts";
export * from "./tensorflow/index.ts";
