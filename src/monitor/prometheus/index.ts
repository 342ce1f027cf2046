export { metricsOf } from "./metrics.ts";
export { formatMetrics } from "./text.ts";
