export { js } from "./js-rule.ts";
export { llm } from "./llm-rule.ts";
export { model } from "./model-rule.ts";
export { banned, charset, matches, maxLength, minLength, range, rejects } from "./rules.ts";
export { classify, far, near } from "./vector-rules.ts";
