import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadedFrom } from "../../core/ffi.ts";
import type { Part } from "../parts.ts";

/** Dawn, which the package `webgpu` brings, and the Vulkan loader. */
export async function webGpuParts(): Promise<Part[]> {
  const none = { problem: undefined, fix: undefined };
  const folder = dirname(fileURLToPath(import.meta.resolve("webgpu")));
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const parts: Part[] = [{ name: "Dawn", path: folder, version: `webgpu ${manifest.version}`, ...none }];
  const vulkan = await loadedFrom("libvulkan.so");
  if (vulkan !== undefined) parts.push({ name: "Vulkan", path: vulkan, version: undefined, ...none });
  return parts;
}
