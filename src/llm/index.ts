export { BusyError } from "./busy.ts";
export type { LlmOptions, ProviderInput, ProviderName } from "./candidates.ts";
export { llmChannel } from "./channel.ts";
export { bindLlm, type LlmFamily } from "./family.ts";
export { type LlamaOptions, openLlama } from "./llama/index.ts";
export { type OllamaOptions, openOllama } from "./ollama/index.ts";
export { type OllamaCliOptions, openOllamaCli } from "./ollama-cli/index.ts";
export type {
  ChatMessage,
  ChatRequest,
  DoneReason,
  Embeddings,
  EmbedRequest,
  GenerateRequest,
  JsonSchema,
  ModelInfo,
  OutputFormat,
  Piece,
  Provider,
  ProviderOptions,
  PullProgress,
  RunningModel,
  Sampling,
  ToolCall,
  ToolDefinition,
  Usage,
} from "./provider.ts";
export type { ProviderChoice } from "./providers.ts";
export type { FoundModel, FoundRunningModel, LoadOptions, QueryOptions } from "./queries.ts";
export type { Reply } from "./reply.ts";
export type {
  Answer,
  CallOptions,
  ChatInput,
  EmbedAnswer,
  EmbedInput,
  EmbedOptions,
  FormatInput,
  GenerateInput,
  LlmReport,
  ValueOf,
} from "./request.ts";
