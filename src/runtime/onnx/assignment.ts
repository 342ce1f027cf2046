import { readText } from "./describe.ts";
import type { Address, OnnxLibrary } from "./library.ts";
import { checkModel } from "./status.ts";

/** The option without which a session does not remember. */
export const recordAssignment = "session.record_ep_graph_assignment_info";

const wordBytes = 8;

/** The operators that a session's provider left to the CPU provider, each once. */
export function operatorsOnCpu(library: OnnxLibrary, session: Address): readonly string[] {
  const { assignment } = library;
  if (assignment === undefined) return [];
  const operators = new Set<string>();
  for (const part of list(library, (at, count) => assignment.parts(session, at, count))) {
    if (!text(library, (out) => assignment.provider(part, out)).startsWith("CPU")) continue;
    for (const node of list(library, (at, count) => assignment.nodes(part, at, count))) {
      operators.add(text(library, (out) => assignment.operator(node, out)));
    }
  }
  return [...operators];
}

function list(
  library: OnnxLibrary,
  call: (list: Address, count: Address) => Address | null,
): readonly bigint[] {
  const out = new BigUint64Array(2);
  const at = library.addressOf(out);
  checkModel(library, call(at, at + wordBytes));
  const [start = 0n, count = 0n] = out;
  if (count === 0n) return [];
  const bytes = library.at(start, Number(count) * wordBytes);
  return [...new BigUint64Array(bytes.slice().buffer)];
}

function text(library: OnnxLibrary, call: (out: Address) => Address | null): string {
  const out = new BigUint64Array(1);
  checkModel(library, call(library.addressOf(out)));
  return readText(library, out[0] ?? 0n);
}
