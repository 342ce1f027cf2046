import type { Device } from "../../device/device.ts";
import { workOptions } from "../axis.ts";
import { inRows } from "../grid.ts";
import { chunkOf, kernelOn, wantsLongThreads } from "../source.ts";
import { formValues } from "./cells-text.ts";
import { type Agents, type BoardsMemory, type BoardsOptions, type Moment, momentValues } from "./memory.ts";
import { postText } from "./post-text.ts";
import { type BoardForm, cellCount, type FieldType, type PostProgram } from "./program.ts";

export interface PostWork {
  readonly program: PostProgram;
  readonly form: BoardForm;
  readonly types: readonly FieldType[];
  readonly agents: Agents;
  /** A column for each field, then the cells; of `stride` words each. */
  readonly raw: BoardsMemory;
  readonly stride: number;
  /** Messages that are there already. */
  readonly base: number;
  readonly moment: Moment;
}

const longThreads = 64;

/** Enqueues that each agent writes a message, or none. */
export async function postMessages(device: Device, work: PostWork, options: BoardsOptions): Promise<void> {
  const { program, form, types, agents, raw, stride, base, moment } = work;
  if (agents.count === 0) return;
  const long = wantsLongThreads(device);
  const { text, parameters, constants } = postText(program, form, types, long);
  const kernel = await kernelOn(device, text, { label: "boards, post" });
  const chunk = chunkOf(agents.count, longThreads, 16);
  const values = {
    ...constants,
    ...formValues(form),
    ...momentValues(moment),
    cells: cellCount(form),
    count: agents.count,
    stride: agents.stride,
    raw: stride,
    base,
    chunk,
  };
  const bindings = { parameters: parameters.pack(values), state: agents.state, raw, faults: moment.faults };
  const groups = long ? Math.ceil(agents.count / chunk) : Math.ceil(agents.count / 256);
  device.dispatch(kernel, bindings, inRows(groups), workOptions(options));
}
