import type { Lower } from "../context.ts";

export const convolutions: Readonly<Record<string, Lower>> = {};
