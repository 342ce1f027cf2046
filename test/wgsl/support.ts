import { expect } from "vitest";
import { check } from "#src/wgsl/check/module.js";
import type { KernelError } from "#src/wgsl/diagnostics.js";
import type { Program } from "#src/wgsl/ir.js";
import { parse } from "#src/wgsl/parser/module.js";

export function program(source: string): Program {
  return check(parse(source));
}

/** The error a text gives; fails where it gives none. */
export function problemIn(source: string): KernelError {
  try {
    program(source);
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/INVALID_KERNEL|UNSUPPORTED/) });
    return error as KernelError;
  }
  throw new Error(`accepted: ${source}`);
}
