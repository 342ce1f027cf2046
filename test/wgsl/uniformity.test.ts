import { describe, expect, it } from "vitest";
import { problemIn, program } from "./support.js";

const prelude = `enable subgroups;
struct Pair { first: u32, rest: array<u32, 4> }
struct Ids { @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) thread: vec3u }
override size: u32 = 1;
var<workgroup> shared_memory: array<u32, 4>;
var<workgroup> counter: atomic<u32>;
var<private> own: u32;
@group(0) @binding(0) var<storage> input: array<u32>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;
@group(0) @binding(2) var<uniform> count: u32;
fn barrier() { workgroupBarrier(); }
fn barrierIf(c: bool) { if c { barrier(); } }
fn barrierUnlessZero(p: ptr<function, u32>) { if *p != 0 { barrier(); } }
fn first(p: ptr<function, array<u32, 4>>) -> u32 { return p[0]; }
fn read(p: ptr<function, u32>) -> u32 { return *p; }
fn write(p: ptr<function, u32>, v: u32) -> bool { *p = v; return true; }
fn writeAt(p: ptr<function, array<u32, 4>>, i: u32) { let q = &p[i]; *q = 1; }
fn copy(p: ptr<function, u32>, q: ptr<function, u32>) { *p = *q; }
fn readShared(p: ptr<workgroup, u32>) -> u32 { return *p; }
fn writeShared(p: ptr<workgroup, u32>) -> u32 { *p = 1; return *p; }
fn loadShared(p: ptr<workgroup, u32>) -> u32 { return workgroupUniformLoad(p); }
fn early(c: bool) -> u32 { if c { return 1; } return 2; }
fn constantOf(v: u32) -> u32 { return 3; }
fn sum(c: bool) { if c { _ = subgroupAdd(1u); } }
fn shift(v: u32, by: u32) -> u32 { return subgroupShuffleXor(v, by); }
@diagnostic(off, subgroup_uniformity) fn looseSum(c: bool) { if c { _ = subgroupAdd(1u); } }
@compute @workgroup_size(4) fn main(ids: Ids, @builtin(local_invocation_index) id: u32,
  @builtin(workgroup_id) group: vec3u, @builtin(subgroup_size) lanes: u32,
  @builtin(subgroup_id) subgroup: u32, @builtin(subgroup_invocation_id) lane: u32) {
  var x = 0u; var y = 0u; var a: array<u32, 4>; var s: Pair;
`;

const kernel = (body: string) => `${prelude}  ${body.replaceAll("BARRIER", "workgroupBarrier();")}\n}`;

/** Dawn accepts each of these bodies. */
const valid: readonly string[] = [
  "if group.x == lanes { BARRIER }",
  "if count == size { BARRIER }",
  "if input[0] == arrayLength(&output) { BARRIER }",
  "if workgroupUniformLoad(&shared_memory[count]) == 0 { BARRIER }",
  "if id == 0 {} BARRIER",
  "if count == 0 { return; } BARRIER",
  "x = id; x = 0; if x == 0 { BARRIER }",
  "x = id; if count == 0 { x = 0; } else { x = 1; } if x == 0 { BARRIER }",
  "x = id; if count == 0 { x = 0; } else { return; } if x == 0 { BARRIER }",
  "x = id; let p = &x; let q = &*p; *q = 1; if x == 0 { BARRIER }",
  "a[0] = id; a = array<u32, 4>(); if a[1] == 0 { BARRIER }",
  "let before = x; x = id; if before == 0 { BARRIER }",
  "for (var i = 0u; i < count; i++) { if id == i { continue; } x++; } BARRIER",
  "for (var i = 0u; i < count; i++) { if id == i { break; } } BARRIER",
  "while x < id { x++; } BARRIER",
  "loop { if count == 0 { break; } x = id; x = 0; } if x == 0 { BARRIER }",
  "loop { if count == 0 { break; } x = 0; if x == 0 { BARRIER } x = id; }",
  "loop { x++; continuing { BARRIER break if x == 4; } } if x == 4 { BARRIER }",
  "for (; x < 2;) { BARRIER if id == 0 { break; } else { return; } }",
  "switch id { case 0 { break; } default {} } BARRIER",
  "x = id; switch count { case 0 { x = 1; } case 1 { return; } default { x = 0; break; } } if x == 0 { BARRIER }",
  "if id == 0 { loop { if count == 0 { break; } } } BARRIER",
  "if count == 0 && group.x == 0 { BARRIER }",
  "x = id; if write(&x, 1) && count == 0 {} if x == 0 { BARRIER }",
  "x = id; _ = write(&x, count); if x == 0 { BARRIER }",
  "x = id; copy(&x, &y); if x == 0 { BARRIER }",
  "_ = read(&a[id]); barrierUnlessZero(&x);",
  "barrierIf(count == 0);",
  "_ = early(id == 0); BARRIER",
  "if constantOf(id) == 3 { BARRIER }",
  "_ = loadShared(&shared_memory[count]);",
  "if count == 0 { _ = subgroupAdd(id); }",
  "if subgroup == 0 { _ = subgroupAdd(id); }",
  "if subgroupAdd(1u) == 0 { _ = subgroupMax(id); }",
  "_ = subgroupShuffle(id, id); _ = shift(id, count);",
  "@diagnostic(off, subgroup_uniformity) if id == 0 {} else { _ = subgroupAdd(1u); }",
  "if id == 0 @diagnostic(warning, subgroup_uniformity) { _ = subgroupAdd(1u); }",
  "if id == 0 { looseSum(true); }",
];

/** Dawn refuses each of these bodies. */
const invalid: readonly string[] = [
  "if id == 0 { BARRIER }",
  "if lane == 0 { BARRIER }",
  "if subgroup == 0 { BARRIER }",
  "if ids.groups.x == 0 { BARRIER }",
  "if input[id] == 0 { BARRIER }",
  "if output[0] == 0 { BARRIER }",
  "if shared_memory[0] == 0 { BARRIER }",
  "if own == 0 { BARRIER }",
  "if atomicLoad(&counter) == 0 { BARRIER }",
  "if id == 0 { storageBarrier(); }",
  "if id == 0 { _ = workgroupUniformLoad(&shared_memory[0]); }",
  "_ = workgroupUniformLoad(&shared_memory[id]);",
  "if id == 0 { return; } BARRIER",
  "if id == 0 { x = 1; } if x == 0 { BARRIER }",
  "if id == 0 { x = 1; } else { x = 1; } if x == 1 { BARRIER }",
  "if count == 0 { x = id; } if x == 0 { BARRIER }",
  "x += id; x -= x; if x == 0 { BARRIER }",
  "a[id] = 1; if a[0] == 0 { BARRIER }",
  "a[0] = id; a[1] = 0; if a[1] == 0 { BARRIER }",
  "a[0] = id; let p = &a[1]; let q = p; *q = 1; if a[1] == 0 { BARRIER }",
  "let p = &a[id]; *p = 1; if a[0] == 0 { BARRIER }",
  "let p = &s; p.first = id; if s.rest[0] == 0 { BARRIER }",
  "var v = vec4u(); v.xy = vec2u(id); if v.z == 0 { BARRIER }",
  "if vec2u(count, id).x == 0 { BARRIER }",
  "if select(count, id, false) == 0 { BARRIER }",
  "for (;;) { BARRIER if id == 0 { break; } }",
  "for (var i = 0u; i < count; i += id) { BARRIER }",
  "for (var i = 0u; i < count; i++) { if id == i { return; } } BARRIER",
  "for (var i = 0u; i < count; i++) { if id == i { continue; } x++; } if x == 0 { BARRIER }",
  "while x < id { x++; BARRIER }",
  "while x < id { x++; } if x == 0 { BARRIER }",
  "loop { BARRIER continuing { break if id == 0; } }",
  "loop { x = 1; if id == 0 { break; } x = 0; } if x == 1 { BARRIER }",
  "loop { if count == 0 { break; } if x == 0 { BARRIER } continue; continuing { x = id; } }",
  "loop { if count == 0 { x = id; continue; } x = 0; if count == 1 { break; } continuing { if x == 0 { BARRIER } } }",
  "loop { if count == 0 { break; } if id == 0 { continue; } continuing { BARRIER } }",
  "switch id { case 0 { return; } default {} } BARRIER",
  "switch count { case 0 { if id == 0 { break; } x = 3; } default {} } if x == 0 { BARRIER }",
  "loop { switch id { case 0 { continue; } default {} } BARRIER if count == 1 { break; } }",
  "if count == 0 || id == 0 { BARRIER }",
  "let c = id == 0 && workgroupUniformLoad(&shared_memory[0]) == 0;",
  "if id == 0 && write(&x, 1) {} if x == 0 { BARRIER }",
  "x = id; if count == 0 && write(&x, 1) {} if x == 0 { BARRIER }",
  "if id == 0 { _ = read(&x); } if x == 0 { BARRIER }",
  "writeAt(&a, id); if a[0] == 0 { BARRIER }",
  "a[0] = id; writeAt(&a, 0); if a[0] == 0 { BARRIER }",
  "if first(&a) == 0 && read(&a[id]) == 0 { BARRIER }",
  "x = id; copy(&y, &x); if y == 0 { BARRIER }",
  "if id == 0 { barrier(); }",
  "if id == 0 { barrierIf(true); }",
  "barrierIf(id == 0);",
  "x = id; barrierUnlessZero(&x);",
  "barrierUnlessZero(&a[id]);",
  "if early(id == 0) == 1 { BARRIER }",
  "if readShared(&shared_memory[0]) == 0 { BARRIER }",
  "if writeShared(&shared_memory[0]) == 1 { BARRIER }",
  "_ = loadShared(&shared_memory[id]);",
  "if id == 0 { _ = subgroupAdd(1u); }",
  "if id == 0 { _ = quadSwapX(1u); }",
  "if subgroupElect() { _ = subgroupAdd(1u); }",
  "if subgroupAdd(1u) == 0 { BARRIER }",
  "if subgroupInclusiveAdd(1u) == 0 { _ = subgroupAdd(1u); }",
  "_ = subgroupShuffleUp(1u, id);",
  "_ = shift(1, id);",
  "sum(id == 0);",
  "@diagnostic(off, subgroup_uniformity) if id == 0 { sum(true); }",
  "@diagnostic(off, subgroup_uniformity) if id == 0 { BARRIER }",
  "@diagnostic(off, derivative_uniformity) if id == 0 { _ = subgroupAdd(1u); }",
  "@diagnostic(off, subgroup_uniformity) { @diagnostic(error, subgroup_uniformity) if id == 0 { _ = subgroupAdd(1u); } }",
];

describe("uniform control flow", () => {
  it.each(valid)("accepts: %s", (body) => {
    expect(() => program(kernel(body))).not.toThrow();
  });

  it.each(invalid)("refuses: %s", (body) => {
    expect(problemIn(kernel(body)).problem).toMatch(
      /must be (reached by|the same for) all threads of a (work|sub)group/,
    );
  });

  it("takes the severity of subgroup_uniformity from the module", () => {
    const body = kernel("if id == 0 { sum(true); }");
    expect(() => program(`diagnostic(off, subgroup_uniformity); ${body}`)).not.toThrow();
    expect(() => program(body)).toThrow();
  });

  it("points at the operation and names the condition and what differs", () => {
    const error = problemIn(kernel("if id < 2u { BARRIER }"));
    expect(error.lineText.slice(error.column - 1)).toBe("workgroupBarrier(); }");
    expect(error.problem).toBe(
      "'workgroupBarrier' must be reached by all threads of a workgroup together, but this condition may differ between them",
    );
    expect(error.hint).toBe("The condition 'id < 2u' may differ: 'id' is a local_invocation_index.");
  });

  it("names what a call leads to", () => {
    const call = problemIn(kernel("if output[0] == 0 { barrierIf(true); }"));
    expect(call.problem).toMatch(/^'barrierIf' calls 'workgroupBarrier', which must be reached/);
    expect(call.hint).toMatch(/'output' is storage that other threads may write/);
    const argument = problemIn(kernel("barrierIf(own == 0);"));
    expect(argument.problem).toMatch(/^the argument 'c' of 'barrierIf' must be the same/);
    expect(argument.hint).toBe("'own' is private: each thread has its own.");
  });
});
