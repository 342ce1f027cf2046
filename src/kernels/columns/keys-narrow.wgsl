// Values of up to 32 bits as u32 in their order.
alias U = u32;
@group(0) @binding(1) var<storage, read> values: array<u32>;

fn ordered(raw: u32) -> u32 {
  let size = raw & 0x7fffffffu;
  let one = select(select(raw, 0u, size == 0u), 0x7fc00000u, size > 0x7f800000u);
  let float = one ^ (u32(bitcast<i32>(one) >> 31u) | 0x80000000u);
  return select(raw ^ parameters.column.flip, float, parameters.column.kind == float_values);
}

fn raw_from_ordered(key: u32) -> u32 {
  let float = key ^ (~u32(bitcast<i32>(key) >> 31u) | 0x80000000u);
  return select(key ^ parameters.column.flip, float, parameters.column.kind == float_values);
}
