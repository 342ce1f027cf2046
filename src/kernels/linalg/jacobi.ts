import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { inRows } from "../grid.ts";
import { wantsLongThreads } from "../source.ts";
import { type Context, kernelFor, type Memory, type Real } from "./context.ts";

export interface RowsToRotate {
  /** [batch, rows, stride] */
  readonly memory: Memory;
  readonly rows: number;
  /** Elements of the part that gets orthogonal, padded with zeros to a multiple of 16. */
  readonly dots: number;
  /** Elements from one row to the next, a multiple of 16. */
  readonly stride: number;
}

const mostSweeps = 40;
/** Matrices of ten and more rows have never taken fewer, so nobody asks. */
const sureSweeps = 3;
const rowsOfLongThreads = 16;
const rowsOfWorkgroups = 4;
const unitRoundoff: Readonly<Record<Real, number>> = { f32: 2 ** -24, f64: 2 ** -53 };

/** Rotates pairs of rows until all are orthogonal. Resolves with false where they do not become so. */
export async function orthogonalise(context: Context, work: RowsToRotate): Promise<boolean> {
  const { device, batch, type, allocate } = context;
  const { memory, rows, dots, stride } = work;
  if (rows < 2 || batch === 0) return true;
  const side = blockSide(context, rows);
  const blocks = Math.ceil(rows / side / 2) * 2;
  const pairs = (blocks / 2) * batch;
  const kernel = await kernelFor(context, "jacobi.wgsl", "sweep");
  const tolerance = unitRoundoff[type] * Math.max(10, Math.sqrt(dots));
  using counts = allocate(pairs * 4, "rotations");
  const counted = "buffer" in counts ? counts : counts.view(0, pairs * 4);
  for (let sweep = 1; sweep <= mostSweeps; sweep++) {
    for (let round = 0; round < blocks - 1; round++) {
      const p = new Uint32Array(8);
      p.set([rows, batch, side, blocks, round, dots / 4, stride / 4]);
      new Float32Array(p.buffer)[7] = tolerance;
      device.dispatch(kernel, { p, rows: memory, counts }, inRows(pairs), context.work);
      while (isTurnLong()) await nextTurn();
    }
    if (sweep < sureSweeps && rows > 10) continue;
    const bytes = await device.read(counted, undefined, context.work);
    const rotations = new Uint32Array(bytes.buffer, bytes.byteOffset, pairs);
    if (rotations.every((count) => count === 0)) return true;
  }
  return false;
}

/** Rows of a block: enough blocks to keep the device busy, and then as long as they fit into its caches. */
function blockSide({ device, batch }: Context, rows: number): number {
  const most = wantsLongThreads(device) ? rowsOfLongThreads : rowsOfWorkgroups;
  const pairsWanted = wantsLongThreads(device) ? 4 : 256;
  return Math.max(1, Math.min(most, Math.floor((rows * batch) / (2 * pairsWanted))));
}
