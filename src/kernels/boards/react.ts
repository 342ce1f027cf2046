import type { Device } from "../../device/device.ts";
import { workOptions } from "../axis.ts";
import { inRows } from "../grid.ts";
import { chunkOf, kernelOn, wantsLongThreads } from "../source.ts";
import { formValues } from "./cells-text.ts";
import { type Agents, type BoardsMemory, type BoardsOptions, type Moment, momentValues } from "./memory.ts";
import type { ReactProgram } from "./program.ts";
import { type ReactShape, reactText, type Seen } from "./react-text.ts";

/** A board whose messages are in order. */
export interface SeenMessages extends Seen {
  readonly messages: BoardsMemory;
  readonly stride: number;
  readonly starts: BoardsMemory;
  /** Which agent wrote each message, where agents are taken in that order. */
  readonly order: BoardsMemory | undefined;
  /** Of graphs: `vertices + 1` row starts, a target for each edge, a weight for each as f32. */
  readonly edges: BoardsMemory | undefined;
}

export interface ReactWork {
  readonly program: ReactProgram;
  readonly agents: Agents;
  readonly board: SeenMessages | undefined;
  /** Where the program says who lives and who is born: two words each agent. */
  readonly flags: BoardsMemory | undefined;
  /** Columns of `count` words, from column 1 of the agents. */
  readonly children: BoardsMemory | undefined;
  readonly moment: Moment;
}

const longThreads = 64;
const shortThreads = 128;

/** Enqueues that each agent changes in place, by itself or by the messages that it sees. */
export async function react(device: Device, work: ReactWork, options: BoardsOptions): Promise<void> {
  const { program, agents, board, flags, children, moment } = work;
  if (agents.count === 0) return;
  const shape = shapeOn(device, board);
  const { text, parameters, constants } = reactText(program, board, shape);
  const kernel = await kernelOn(device, text, { label: "boards, react" });
  const chunk = chunkOf(agents.count, longThreads, 16);
  const values = {
    ...constants,
    ...(board === undefined ? {} : { ...formValues(board.form), messages: board.stride }),
    ...momentValues(moment),
    ...(board === undefined ? {} : { edges: board.form.edges }),
    count: agents.count,
    stride: agents.stride,
    chunk,
  };
  const bindings = {
    parameters: parameters.pack(values),
    state: agents.state,
    faults: moment.faults,
    ...(board === undefined ? {} : { messages: board.messages, starts: board.starts }),
    ...(board?.order === undefined ? {} : { order: board.order }),
    ...(board?.edges === undefined ? {} : { edges: board.edges }),
    ...(flags === undefined ? {} : { flags }),
    ...(children === undefined ? {} : { children }),
  };
  const each = shape === "short" ? shortThreads : chunk;
  device.dispatch(kernel, bindings, inRows(Math.ceil(agents.count / each)), workOptions(options));
}

/** Lists of messages make vectors where OpenCL compiles for a processor; software WebGPU keeps no such private arrays. */
function shapeOn(device: Device, board: Seen | undefined): ReactShape {
  if (!wantsLongThreads(device)) return "short";
  const kind = board?.form.kind;
  const isLong = kind === "spatial" || kind === "brute" || kind === "bucket";
  return isLong && device.adapter.backend === "opencl" ? "listed" : "long";
}
