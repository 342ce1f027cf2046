export type { Constants } from "./overrides.ts";
export type {
  BindingAccess,
  KernelBinding,
  ModuleTranslation,
  Target,
  TranslateOptions,
  Translation,
} from "./translation.ts";
export { entryPoints, translate, translateModule } from "./translation.ts";
