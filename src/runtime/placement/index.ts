export type { CalibrationData, PlaceData } from "./cost-model.ts";
export type { LearnedData, LearnedStep } from "./learned.ts";
export type { Decision, PlacementChoice, Prediction } from "./placement.ts";
export { Placer, type PlacerOptions } from "./placer.ts";
export type { TransferCurve, TransferPoint } from "./transfer.ts";
