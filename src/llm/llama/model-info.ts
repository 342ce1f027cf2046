import type { ModelInfo } from "../provider.ts";
import type { GgufHeader } from "./gguf/index.ts";
import { fileTypes } from "./gguf/types.ts";

/** What a header says about the model, in the contract's words. */
export function modelInfo(name: string, header: GgufHeader): ModelInfo {
  const text = (key: string) => {
    const value = header.metadata.get(key);
    return typeof value === "string" ? value : undefined;
  };
  const architecture = text("general.architecture") ?? "";
  const fileType = header.metadata.get("general.file_type");
  const template = text("tokenizer.chat_template");
  const isEmbedding = header.metadata.has(`${architecture}.pooling_type`);
  return {
    name,
    bytes: header.fileBytes,
    modifiedAt: header.modifiedAt,
    family: architecture,
    parameters: parameters(header),
    quantization: typeof fileType === "number" ? fileTypes[fileType] : undefined,
    contextLength: numberOf(header, "context_length"),
    capabilities: isEmbedding
      ? ["embedding"]
      : ["completion", "embedding", ...(template?.includes("tools") ? ["tools"] : [])],
    template,
    metadata: Object.fromEntries([...header.metadata].map(([key, value]) => [key, plain(value)])),
  };
}

/** A number of the model's architecture: "block_count". */
export function numberOf({ metadata }: GgufHeader, key: string): number | undefined {
  const value = metadata.get(`${metadata.get("general.architecture")}.${key}`);
  if (typeof value === "number") return value;
  const list = typeof value === "object" ? value.values : undefined;
  const numbers = list?.filter((item) => typeof item === "number");
  return numbers === undefined || numbers.length === 0 ? undefined : Math.max(...numbers);
}

function parameters({ tensors }: GgufHeader): string {
  const count = tensors.reduce((sum, { sizes }) => sum + sizes.reduce((a, b) => a * b, 1), 0);
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)}B`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)}M` : `${(count / 1e3).toFixed(1)}K`;
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if ("values" in value && Array.isArray(value.values)) return value.values.map(plain);
  return "count" in value ? `${value.count} items` : value;
}
