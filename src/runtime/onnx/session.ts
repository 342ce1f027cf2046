import { AikoError } from "../../errors.ts";
import type { Address, OnnxLibrary } from "./library.ts";
import { encodeModel, type Graph } from "./model.ts";
import { checkModel } from "./status.ts";

/** A loaded graph, with the names of its inputs and outputs in native memory. */
export interface Session {
  readonly address: Address;
  readonly inputNames: Address;
  readonly outputNames: Address;
  /** What native code points into. */
  readonly memory: readonly ArrayBufferView[];
}

export async function createSession(library: OnnxLibrary, env: Address, graph: Graph): Promise<Session> {
  const model = encodeModel(graph);
  const options = received(library, (out) => library.createSessionOptions(out));
  try {
    // The number of threads stays ONNX Runtime's own choice, one a core and bound to it: unbound ones doubled the time
    // of 512 cubed. They spin for work during a run and sleep after it, so that idling costs nothing.
    check(library, library.addSessionConfigEntry(options, "session.force_spinning_stop", "1"));
    const address = await receivedLater(library, (out, done) =>
      library.createSessionFromArray.async(env, model, model.length, options, out, done),
    );
    const memory: ArrayBufferView[] = [model];
    const inputNames = nameList(library, graph.inputs, memory);
    const outputNames = nameList(library, graph.outputs, memory);
    return { address, inputNames, outputNames, memory };
  } finally {
    library.releaseSessionOptions(options);
  }
}

/** Runs a call that leaves an address behind. */
export function received(library: OnnxLibrary, call: (out: Address) => Address | null): number {
  const out = new BigUint64Array(1);
  check(library, call(library.addressOf(out)));
  return Number(out[0]);
}

type Done = (error: unknown, status: Address | null) => void;

/** The same for a call on koffi's threads. */
export async function receivedLater(
  library: OnnxLibrary,
  start: (out: Address, done: Done) => void,
): Promise<number> {
  const out = new BigUint64Array(1);
  await called(library, (done) => start(library.addressOf(out), done));
  return Number(out[0]);
}

/** Awaits a call on koffi's threads. */
export function called(library: OnnxLibrary, start: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error, status) => {
      try {
        if (error) throw error;
        check(library, status);
        resolve();
      } catch (failure) {
        reject(failure);
      }
    });
  });
}

/** The same where a model is opened, with the codes that this has. */
export function calledModel(library: OnnxLibrary, start: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error, status) => {
      try {
        if (error) throw error;
        checkModel(library, status, "opening");
        resolve();
      } catch (failure) {
        reject(failure);
      }
    });
  });
}

/** Throws OUT_OF_MEMORY or INTERNAL for a status that is an error, and frees it. */
export function check(library: OnnxLibrary, status: Address | null): void {
  if (status === null) return;
  const message = library.getErrorMessage(status);
  library.releaseStatus(status);
  const code = /failed to allocate|bad_alloc|out of memory/i.test(message) ? "OUT_OF_MEMORY" : "INTERNAL";
  throw new AikoError(code, { message: `ONNX Runtime failed: ${message}` });
}

/** The address of a `const char **`, whose parts are added to `memory`. */
export function nameList(library: OnnxLibrary, names: readonly string[], memory: ArrayBufferView[]): Address {
  const texts = names.map((name) => new TextEncoder().encode(`${name}\0`));
  const list = BigUint64Array.from(texts, (text) => BigInt(library.addressOf(text)));
  memory.push(list, ...texts);
  return library.addressOf(list);
}
