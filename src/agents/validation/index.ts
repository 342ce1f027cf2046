export type { CharsetName, CharsetRanges } from "./charsets.ts";
export type { JsAnswer, JsCheck, JsOptions } from "./js-rule.ts";
export type { LateContext, LateMessage, LateRule, LateVerdict } from "./late.ts";
export type { Judge, LlmOptions as LlmRuleOptions } from "./llm-rule.ts";
export type { Field, Message as ValidatedMessage, MessageText } from "./message.ts";
export type { ModelOptions as ModelRuleOptions } from "./model-rule.ts";
export type { Repair, RepairContext, Repaired, RepairOptions } from "./repair.ts";
/** What makes rules for validators: `rules.maxLength(200)`. */
export * as rules from "./rule-makers.ts";
export type { BannedOptions, LengthUnit } from "./rules.ts";
export { PreparedMessages, type Rule, Validator, type ValidatorOptions, type Verdicts } from "./validator.ts";
export type { ClassOptions, Layer, Metric, NearOptions } from "./vector-rules.ts";
export { Verdict as RuleVerdict } from "./verdict.ts";
