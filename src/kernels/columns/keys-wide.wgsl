// Values of 64 bits, or words of 128, as u64 in their order.
alias U = u64;
@group(0) @binding(1) var<storage, read> values: array<u64>;

fn ordered(raw: u64) -> u64 {
  let size = raw & 0x7ffffffffffffffflu;
  let one = select(select(raw, 0lu, size == 0lu), 0x7ff8000000000000lu, size > 0x7ff0000000000000lu);
  let float = one ^ (bitcast<u64>(bitcast<i64>(one) >> 63u) | 0x8000000000000000lu);
  let flip = u64(parameters.column.flip) << 32u;
  return select(raw ^ flip, float, parameters.column.kind == float_values);
}

fn raw_from_ordered(key: u64) -> u64 {
  let float = key ^ (~bitcast<u64>(bitcast<i64>(key) >> 63u) | 0x8000000000000000lu);
  let flip = u64(parameters.column.flip) << 32u;
  return select(key ^ flip, float, parameters.column.kind == float_values);
}
