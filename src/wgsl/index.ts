export type {
  KernelBinding,
  ModuleTranslation,
  Target,
  TranslateOptions,
  Translation,
} from "./translation.ts";
export { entryPoints, translate, translateModule } from "./translation.ts";
