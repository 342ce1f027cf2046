export type * from "./device.ts";
export { type BackendParts, backendParts, type Part } from "./parts.ts";
export {
  type BackendProblem,
  chooseAdapter,
  type DiscoverOptions,
  type Discovery,
  discover,
  isOnRequest,
  selectAdapters,
} from "./registry.ts";
