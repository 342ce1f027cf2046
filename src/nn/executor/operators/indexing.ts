import type { Lower } from "../context.ts";

export const indexing: Readonly<Record<string, Lower>> = {};
