export type { Board, BoardOptions } from "./board.ts";
export { type Circles, type CirclesOptions, circles } from "./circles.ts";
export { type BoardsFamily, bindBoards } from "./family.ts";
export type { FieldArray, Fields } from "./fields.ts";
export type { Fold, Reading } from "./folds.ts";
export {
  type ArrayOptions,
  arrayBoard,
  type BucketOptions,
  bruteForceBoard,
  bucketBoard,
  type GraphOptions,
  graphBoard,
  type SpatialOptions,
  spatialBoard,
} from "./kinds.ts";
export { type Population, type PopulationOptions, population } from "./population.ts";
export {
  type Simulation,
  type SimulationOptions,
  type SimulationResult,
  type SimulationRunOptions,
  simulation,
} from "./simulation.ts";
export {
  type Changes,
  change,
  type LifeOptions,
  type Me,
  type Message,
  type Moment,
  type PostOptions,
  post,
  type ReactOptions,
  react,
  type Seen,
  type Stage,
} from "./stages.ts";
export type { Operand, Value } from "./value.ts";
