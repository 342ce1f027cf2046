/** One definition that text may need. */
export interface Definition {
  readonly name: string;
  readonly text: string;
  /** Words of which one must be in use, too: overloads for types that do not occur are left away. */
  readonly among?: readonly string[];
}

/** Before every small function. */
export const inline = "__device__ __forceinline__";
