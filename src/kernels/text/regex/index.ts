export { compileRegex, type RegexLimits } from "./compile.ts";
export { parseRegex } from "./parse.ts";
