import { fromArrow, readArrow, toArrow, writeArrow } from "./arrow.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { readNpz, writeNpz } from "./npz.ts";

/** Files of NumPy and Arrow, in and out. */
export const files = { readNpy, writeNpy, readNpz, writeNpz, fromArrow, toArrow, readArrow, writeArrow };

export type Files = Readonly<typeof files>;
