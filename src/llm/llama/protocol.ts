import type { ErrorCode } from "../../errors.ts";
import type { ChatRequest, DoneReason, EmbedRequest, GenerateRequest, Piece } from "../provider.ts";

/** How llama.cpp is opened. */
export interface EngineSettings {
  /** Which prebuilt to take: the best that is there, or none that uses a GPU. */
  readonly gpu: "auto" | "cuda" | "vulkan" | "metal" | false;
  readonly threads: number;
}

export interface EngineInfo {
  readonly gpu: "cuda" | "vulkan" | "metal" | false;
  readonly devices: readonly string[];
  /** Of llama.cpp. */
  readonly release: string;
  readonly threads: number;
}

export interface LoadRequest {
  readonly type: "load";
  readonly name: string;
  readonly path: string;
  readonly sequences: number;
  readonly contextLength: number;
  /** The most to take on the GPU, all models together; undefined: as llama.cpp sees fit. */
  readonly gpuBytes: number | undefined;
  readonly gpuLayers: number | undefined;
}

export interface LoadedInfo {
  readonly bytes: number;
  readonly gpuBytes: number;
  readonly gpuLayers: number;
  readonly contextLength: number;
  readonly sequences: number;
}

export type EngineRequest =
  | LoadRequest
  | { readonly type: "unload"; readonly path: string }
  | { readonly type: "generate"; readonly path: string; readonly request: GenerateRequest }
  | { readonly type: "chat"; readonly path: string; readonly request: ChatRequest }
  | { readonly type: "embed"; readonly path: string; readonly request: EmbedRequest };

/** How a text ended; times in milliseconds. */
export interface TextEnd {
  readonly reason: DoneReason;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly promptMs: number;
  readonly outputMs: number;
}

export interface EmbedResult {
  readonly embeddings: readonly Float32Array[];
  readonly promptTokens: number;
  readonly promptMs: number;
}

export type ToEngine =
  | { readonly settings: EngineSettings }
  | { readonly id: number; readonly ask: EngineRequest }
  | { readonly id: number; readonly cancel: true };

export interface ErrorText {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

export type FromEngine =
  | { readonly ready: EngineInfo }
  | { readonly failed: ErrorText }
  /** A cancellation arrived. */
  | { readonly id: number; readonly heard: true }
  | { readonly id: number; readonly piece: Piece }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ErrorText };
