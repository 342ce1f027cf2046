// For i32, u32, i64 and u64: `whole` stands for the type.

fn floor_divide_whole(a: whole, b: whole) -> whole {
  let q = a / b;
  let r = a % b;
  return select(q, q - 1, r != 0 && (r < 0) != (b < 0));
}

fn modulo_whole(a: whole, b: whole) -> whole {
  let r = a % b;
  return select(r, r + b, r != 0 && (r < 0) != (b < 0));
}

fn power_whole(a: whole, b: whole) -> whole {
  if (b < 0) {
    if (a == 1) {
      return a;
    }
    if (a + 1 == 0) {
      return select(whole(1), a, (b & 1) != 0);
    }
    return whole(0);
  }
  var result = whole(1);
  var factor = a;
  for (var rest = b; rest != 0; rest = rest >> 1u) {
    if ((rest & 1) != 0) {
      result *= factor;
    }
    factor *= factor;
  }
  return result;
}
