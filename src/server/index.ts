export { keepAliveMs } from "./llm/duration.ts";
export type {
  LlmServer,
  LlmServerOptions,
  LlmServerStatistics,
  LlmSource,
  RequestRecord,
} from "./llm/options.ts";
export { serveLlm } from "./llm/serve.ts";
