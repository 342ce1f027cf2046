import { byteLengthOf, type DType } from "../core/dtype.ts";
import { elementCount, type Shape } from "../core/shape.ts";
import { type Collapsed, reach } from "../core/strides.ts";
import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { AikoError } from "../errors.ts";

type Memory = DeviceBuffer | BufferView;

export interface Operands {
  readonly inputs: readonly { readonly data: Memory; readonly dtype: DType; readonly offset: number }[];
  readonly result: Memory;
  readonly resultType: DType;
}

/** Work on a part of the result that no binding is too small for. */
export interface Piece extends Operands {
  readonly flat: Collapsed;
}

/**
 * The whole as one piece where every buffer can be bound; else views of the buffers, of rows of the outermost dimension.
 * Throws UNSUPPORTED where even a part of the rows spans too much, or rows do not end where a view may start.
 */
export function piecesOf(device: Device, flat: Collapsed, operands: Operands): readonly Piece[] {
  const { bindingBytes } = device.adapter.limits;
  const all = [...operands.inputs.map(({ data }) => data), operands.result];
  if (all.every(({ byteLength }) => byteLength <= bindingBytes)) return [{ ...operands, flat }];
  const rows = flat.shape[0] ?? 1;
  const rowBytes = byteLengthOf(operands.resultType, elementCount(flat.shape) / rows);
  const step = alignedRows(device, rowBytes);
  for (let count = rows; count >= 1; count = count > step ? Math.ceil(count / 2 / step) * step : 0) {
    const pieces: Piece[] = [];
    for (let first = 0; first < rows; first += count) {
      const piece = rowsOf(device, flat, operands, first, Math.min(count, rows - first));
      if (piece !== undefined) pieces.push(piece);
    }
    if (pieces.length === Math.ceil(rows / count)) return pieces;
    if (count <= step) break;
  }
  throw new AikoError("UNSUPPORTED", {
    message: `Elementwise operands span more than the ${bindingBytes} bytes that ${device.label} binds at once`,
    hint: "Split them into blocks of rows.",
  });
}

/** The fewest rows after which a view of the result may start. */
function alignedRows({ adapter }: Device, rowBytes: number): number {
  let rows = 1;
  while ((rows * rowBytes) % Math.max(4, adapter.limits.viewAlignment) !== 0) rows *= 2;
  return rows;
}

function rowsOf(
  device: Device,
  { shape, strides }: Collapsed,
  { inputs, result, resultType }: Operands,
  first: number,
  count: number,
): Piece | undefined {
  const { bindingBytes, viewAlignment } = device.adapter.limits;
  const part: Shape = [count, ...shape.slice(1)];
  const rowBytes = byteLengthOf(resultType, elementCount(shape) / (shape[0] ?? 1));
  const resultBytes = Math.ceil((count * rowBytes) / 4) * 4;
  const moved = inputs.flatMap(({ data, dtype, offset }, at) => {
    const steps = strides[at] ?? [];
    const range = reach(part, steps, offset + first * (steps[0] ?? 0));
    if (range === undefined) return [];
    const bytes = byteLengthOf(dtype, 1);
    const start = Math.floor((range[0] * bytes) / viewAlignment) * viewAlignment;
    const end = Math.min(data.byteLength, Math.ceil(((range[1] + 1) * bytes) / 4) * 4);
    if (end - start > bindingBytes) return [];
    const from = offset + first * (steps[0] ?? 0) - start / bytes;
    return [{ data: viewOf(data, start, end - start), dtype, offset: from }];
  });
  if (resultBytes > bindingBytes || moved.length < inputs.length) return undefined;
  const target = viewOf(result, first * rowBytes, resultBytes);
  return { flat: { shape: part, strides }, inputs: moved, result: target, resultType };
}

function viewOf(data: Memory, byteOffset: number, byteLength: number): BufferView {
  if (!("buffer" in data)) return data.view(byteOffset, byteLength);
  return data.buffer.view(data.byteOffset + byteOffset, byteLength);
}
