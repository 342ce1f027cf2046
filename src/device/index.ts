export type * from "./device.ts";
export {
  type BackendProblem,
  chooseAdapter,
  type Discovery,
  discover,
  isOnRequest,
  selectAdapters,
} from "./registry.ts";
