export type { KernelBinding, Target, TranslateOptions, Translation } from "./translation.ts";
export { entryPoints, translate } from "./translation.ts";
