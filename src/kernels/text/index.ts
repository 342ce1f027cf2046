export { type AhoCorasickOptions, ahoCorasick } from "./aho-corasick.ts";
export { type Automaton, outcomeOf, statesOf } from "./automaton.ts";
export { charsetAutomaton } from "./charset.ts";
export { combined, type Demand, productOf } from "./product.ts";
export type { CodePoints } from "./regex/code-points.ts";
export { compileRegex, parseRegex, type RegexLimits } from "./regex/index.ts";
export { type RowTests, resultBytes, survivors } from "./rows.ts";
export { type HostTexts, scanRows, type WideAutomaton, widened } from "./scan-host.ts";
export {
  type ClassTest,
  type DeviceLayer,
  type LengthTest,
  type NearTest,
  type ScanTest,
  scanTexts,
  type TextRows,
  testClass,
  testDistance,
  testLengths,
  testRange,
} from "./tests.ts";
