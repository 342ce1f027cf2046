// A workgroup sorts `1024 / size` rows of up to `size` numbers in its memory: a bitonic network in which every comparison
// ascends (Batcher, 1968). Equal keys are in order of their index, which makes it stable.
struct Parameters { rows: u32, n: u32, inner: u32, keep: u32, bits: u32, size: u32, threads: u32, each: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;

const slots = 1024u;
var<workgroup> keys: array<U, slots>;
var<workgroup> places: array<u32, slots>;

fn order(a: u32, b: u32) {
  let first = keys[a];
  let second = keys[b];
  let i = places[a];
  let j = places[b];
  if (second < first || (second == first && j < i)) {
    keys[a] = second;
    keys[b] = first;
    places[a] = j;
    places[b] = i;
  }
}

@compute @workgroup_size(256)
fn sort_rows(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let size = parameters.size;
  let first_row = (id.x + id.y * groups.x) * (slots / size);
  for (var slot = local; slot < slots; slot += 256u) {
    let row = first_row + slot / size;
    let at = slot % size;
    if (row < parameters.rows && at < parameters.n) {
      keys[slot] = key_at(row, at);
      places[slot] = at;
    } else {
      keys[slot] = ~U(0);
      places[slot] = 0xffffffffu;
    }
  }
  workgroupBarrier();
  for (var width = 2u; width <= size; width *= 2u) {
    for (var pair = local; pair < slots / 2u; pair += 256u) {
      let half = width / 2u;
      let a = pair / half * width + pair % half;
      order(a, a ^ (width - 1u));
    }
    workgroupBarrier();
    for (var half = width / 4u; half > 0u; half /= 2u) {
      for (var pair = local; pair < slots / 2u; pair += 256u) {
        let a = pair / half * half * 2u + pair % half;
        order(a, a + half);
      }
      workgroupBarrier();
    }
  }
  for (var slot = local; slot < slots; slot += 256u) {
    let row = first_row + slot / size;
    let at = slot % size;
    if (row < parameters.rows && at < parameters.n) {
      put(row, at, keys[slot], places[slot]);
    }
  }
}
