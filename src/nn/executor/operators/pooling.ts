import type { Lower } from "../context.ts";

export const pooling: Readonly<Record<string, Lower>> = {};
