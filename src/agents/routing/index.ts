export type { Where } from "./filter.ts";
export {
  type Embed,
  type EntryOptions,
  type Query,
  type Routed,
  type RoutedAll,
  type RouteOptions,
  Router,
  type RouterOptions,
} from "./router.ts";
export type { Match } from "./search.ts";
export type { Metric } from "./space.ts";
