import { readFile } from "node:fs/promises";

/** A small text file without the white space around it, or `undefined` where it cannot be read. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return undefined;
  }
}

/** The non-negative decimal number a file holds, or `undefined`. */
export async function readNumber(path: string): Promise<number | undefined> {
  return parseNumber(await readText(path));
}

export function parseNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

export function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

/** 0 to 100 as a share from 0 to 1. Drivers write more where they have no value. */
export function percentage(value: number | undefined): number | undefined {
  return value === undefined || value > 100 ? undefined : value / 100;
}
