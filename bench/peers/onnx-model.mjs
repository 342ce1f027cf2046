/**
 * The smallest ONNX model there is: `c = MatMul(a, b)`, written by hand as protocol buffers.
 * Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function matMulModel() {
  /** @param {string} name */
  const dimension = (name) => bytes(1, text(2, name));
  const shape = message(dimension("rows"), dimension("columns"));
  /** @param {string} name */
  const value = (name) => message(text(1, name), bytes(2, bytes(1, message(number(1, 1), bytes(2, shape)))));
  const node = message(text(1, "a"), text(1, "b"), text(2, "c"), text(4, "MatMul"));
  const graph = message(
    bytes(1, node),
    text(2, "multiply"),
    bytes(11, value("a")),
    bytes(11, value("b")),
    bytes(12, value("c")),
  );
  const operators = message(text(1, ""), number(2, 13));
  return Uint8Array.from(message(number(1, 8), bytes(7, graph), bytes(8, operators)));
}

/** @param {...number[]} fields */
const message = (...fields) => fields.flat();
/** @param {number} field @param {number} value */
const number = (field, value) => [field << 3, ...varint(value)];
/** @param {number} field @param {number[]} content */
const bytes = (field, content) => [(field << 3) | 2, ...varint(content.length), ...content];
/** @param {number} field @param {string} content */
const text = (field, content) => bytes(field, [...Buffer.from(content)]);

/** @param {number} value @returns {number[]} */
function varint(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
