import type * as Arrow from "apache-arrow";
import { AikoError } from "../errors.ts";

export type ArrowLibrary = typeof Arrow;

let loading: Promise<ArrowLibrary> | undefined;

/** The optional package apache-arrow, on first need. Rejects with ENGINE_MISSING. */
export function loadArrow(): Promise<ArrowLibrary> {
  loading ??= import("apache-arrow").catch((cause) => {
    loading = undefined;
    throw new AikoError("ENGINE_MISSING", {
      message: "The optional package apache-arrow, which reads and writes Arrow, is not installed",
      hint: "Install it: npm install apache-arrow",
      cause,
    });
  });
  return loading;
}
