import { type BusEvent, type BusOptions, busChannel, type Runnable } from "../agents/index.ts";
import { natsTransport } from "../cluster/index.ts";
import { harmless } from "../core/display-text.ts";
import { AikoError } from "../errors.ts";
import { type Gpu, open } from "../index.ts";
import { EventView, jsonText, shownBusEvent } from "./agents-events.ts";
import { type Invocation, UsageError } from "./command.ts";
import { importUserModule } from "./user-module.ts";

/** What a user's function is given. */
export interface AgentsContext {
  readonly gpu: Gpu;
  readonly bus: ReturnType<Gpu["agents"]["bus"]>;
  readonly args: readonly string[];
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
}

type Main = (context: AgentsContext) => unknown;

const interrupted = 130;
const drainMs = 1_000;

export async function run(invocation: Invocation, file: string, args: readonly string[]): Promise<number> {
  const { terminal, signal, flag } = invocation;
  const json = flag("json");
  const view = new EventView(terminal, json);
  const onEvent = (event: unknown) => view.show(shownBusEvent(event as BusEvent, view.elapsedMs));
  await using gpu = await open();
  const main = mainOf(await importUserModule(file), file);
  const bus = gpu.agents.bus(await busOptions(invocation));
  if (!flag("quiet")) busChannel.subscribe(onEvent);
  let value: unknown;
  try {
    value = await untilStopped(follow(main({ gpu, bus, args, signal }), view, flag("quiet")), signal);
  } catch (error) {
    if (signal.aborted) return interrupted;
    throw error;
  } finally {
    await bus.dispose({ drainMs: signal.aborted ? 0 : drainMs });
    busChannel.unsubscribe(onEvent);
    view.flush();
  }
  if (json) process.stdout.write(`${jsonText({ event: "result", ms: view.elapsedMs, value })}\n`);
  else if (value !== undefined)
    terminal.print(typeof value === "string" ? printable(value) : jsonText(value));
  return 0;
}

async function busOptions({ text, texts }: Invocation): Promise<BusOptions> {
  const servers = text("nats");
  const stored = texts("stored");
  if (servers !== undefined) return { transport: await natsTransport({ servers, stored }) };
  if (stored.length > 0) throw new UsageError("--stored needs --nats: a bus in this process keeps nothing");
  return {};
}

/** What a function returns, or what a run comes to whose events are shown on the way. */
async function follow(returned: unknown, view: EventView, quiet: boolean): Promise<unknown> {
  if (!isAsyncIterable(returned)) return returned;
  let last: unknown;
  for await (const piece of returned) {
    last = piece;
    const { type } = Object(piece) as { readonly type?: unknown };
    const { agent } = Object(piece) as { readonly agent?: unknown };
    if (quiet) continue;
    view.show({
      event: typeof type === "string" ? type : "piece",
      ms: view.elapsedMs,
      agent: typeof agent === "string" ? agent : undefined,
      body: piece,
    });
  }
  return "then" in returned ? returned : last;
}

/** Ctrl-C ends the wait also for a function that does not look at its signal. */
function untilStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new AikoError("ABORTED", { message: "The run was interrupted" }));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function mainOf(module: Readonly<Record<string, unknown>>, file: string): Main {
  const { default: exported } = module;
  const found = Object(exported).default ?? exported;
  if (typeof found === "function") return found as Main;
  if (isTeam(found)) {
    return ({ gpu, args, signal }) => gpu.agents.team.run(found, args.join(" "), { signal });
  }
  throw new AikoError("INVALID_FILE", {
    message: `${file} exports no function and no team as default`,
    hint: "Write: export default async ({ gpu, bus, args, signal }) => { ... }",
  });
}

/** Text of several lines stays so. */
function printable(text: string): string {
  return text.split("\n").map(harmless).join("\n");
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** An agent with a language model, a graph, or a chat: `Runnable`. */
function isTeam(value: unknown): value is Runnable<string, object> {
  return (
    typeof value === "object" && value !== null && "machine" in value && typeof value.machine === "function"
  );
}
