import { loadedFrom } from "../../core/ffi.ts";
import type { Part } from "../parts.ts";
import { discoverOpenCl } from "./adapter.ts";
import { libraryPaths, loadOpenCl } from "./library.ts";

/** The loader, and the platforms that its drivers offer. */
export async function openClParts(): Promise<Part[]> {
  await loadOpenCl();
  const [first] = libraryPaths();
  const path = (await loadedFrom("libOpenCL.so")) ?? first;
  const none = { problem: undefined, fix: undefined };
  const { adapters } = await discoverOpenCl();
  const drivers = [...new Set(adapters.map(({ driver }) => driver))];
  return [
    { name: "loader", path, version: undefined, ...none },
    ...drivers.map((version) => ({ name: "driver", path: undefined, version, ...none })),
  ];
}
