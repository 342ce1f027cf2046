import { AikoError } from "../errors.ts";
import type { Grid, Limits } from "./device.ts";

export type Extent = readonly [number, number, number];

/** Workgroups a dimension on every backend, so that a kernel that forgets to linearise fails everywhere alike. */
export const maxWorkgroupsPerDimension = 65_535;

function extentOf(grid: Grid, label: string): Extent {
  const [x = 1, y = 1, z = 1] = typeof grid === "number" ? [grid] : grid;
  for (const count of [x, y, z]) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Cannot dispatch ${label} over ${JSON.stringify(grid)}: a grid counts whole, non-negative numbers`,
      });
    }
  }
  return [x, y, z];
}

function assertWithinLimits(groups: Extent, label: string, limits: Limits): Extent {
  const over = groups.findIndex((count) => count > limits.workgroupsPerDimension);
  if (over >= 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Cannot dispatch ${label}: ${groups[over]} workgroups in ${"xyz"[over]}, the limit is ${limits.workgroupsPerDimension}`,
      hint: "Spread the work over more dimensions, or call dispatchThreads with one number and index linearly.",
    });
  }
  return groups;
}

export function workgroupsOf(grid: Grid, label: string, limits: Limits): Extent {
  return assertWithinLimits(extentOf(grid, label), label, limits);
}

/**
 * Workgroups that cover `threads`. Where x alone needs more groups than one dimension allows and y and z are 1, the
 * groups are laid out in rows: y = ceil(groups / limit) rows of x = ceil(groups / y). The kernel's linear index is then
 * `global_invocation_id.x + global_invocation_id.y * num_workgroups.x * workgroup_size.x`, and it must check its bound.
 */
export function workgroupsForThreads(threads: Grid, size: Extent, label: string, limits: Limits): Extent {
  const [x, y, z] = extentOf(threads, label);
  const groups: Extent = [Math.ceil(x / size[0]), Math.ceil(y / size[1]), Math.ceil(z / size[2])];
  if (groups[0] > limits.workgroupsPerDimension && y === 1 && z === 1 && size[1] === 1 && size[2] === 1) {
    const rows = Math.ceil(groups[0] / limits.workgroupsPerDimension);
    return assertWithinLimits([Math.ceil(groups[0] / rows), rows, 1], label, limits);
  }
  return assertWithinLimits(groups, label, limits);
}
