import type { SharedContext, Transport } from "./transport.ts";

/** An agent that is there, on this machine or another. */
export interface AgentInfo {
  readonly name: string;
  /** What it accepts, by name or pattern. */
  readonly accepts: readonly string[];
  /** The bus it is on, unique among all machines. */
  readonly bus: string;
}

interface Entry extends AgentInfo {
  readonly seenAt: number;
}

const beatMs = 10_000;
const longestLeaveMs = 1_000;
/** Without a sign for this long, its process has ended without leaving. */
const silentMs = 35_000;
/** Then its entry is removed, so that processes that crash again and again leave no more and more of them. */
const forgottenMs = 600_000;

/** Who is there, in a context that all machines share. Entries of other processes are renewed while these live. */
export class Presence {
  readonly #transport: Transport;
  readonly #own = new Map<string, AgentInfo>();
  #context: SharedContext | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async enter(agent: AgentInfo): Promise<void> {
    this.#own.set(agent.name, agent);
    await this.#write(agent);
    if (this.#transport.name === "local" || this.#timer !== undefined) return;
    this.#timer = setInterval(() => void this.#beat(), beatMs);
    this.#timer.unref();
  }

  /** Where nobody can be told, others see it by the silence. */
  async leave({ name, bus }: AgentInfo): Promise<void> {
    this.#own.delete(name);
    if (this.#own.size === 0) this.close();
    const removed = this.#remove(keyOf(name, bus)).catch(() => {});
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, longestLeaveMs);
    });
    await Promise.race([removed, late]);
    clearTimeout(timer);
  }

  async list(): Promise<readonly AgentInfo[]> {
    const context = await this.#shared();
    const keys = await context.keys();
    const entries = await Promise.all(keys.map((key) => context.get(key)));
    const isLocal = this.#transport.name === "local";
    const known = entries
      .map((entry) => entry?.value as Entry | undefined)
      .filter((entry) => entry !== undefined)
      .map((entry) => ({ ...entry, silence: isLocal ? 0 : Date.now() - entry.seenAt }));
    const forgotten = known.filter(({ silence }) => silence > forgottenMs);
    await Promise.allSettled(forgotten.map(({ name, bus }) => context.delete(keyOf(name, bus))));
    return known
      .filter(({ silence }) => silence < silentMs)
      .map(({ name, accepts, bus }) => ({ name, accepts, bus }));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #write(agent: AgentInfo): Promise<void> {
    const context = await this.#shared();
    await context.set(keyOf(agent.name, agent.bus), { ...agent, seenAt: Date.now() });
  }

  async #remove(key: string): Promise<void> {
    const context = await this.#shared();
    await context.delete(key);
  }

  async #beat(): Promise<void> {
    await Promise.allSettled([...this.#own.values()].map((agent) => this.#write(agent)));
  }

  async #shared(): Promise<SharedContext> {
    this.#context ??= await this.#transport.context("presence");
    return this.#context;
  }
}

function keyOf(name: string, bus: string): string {
  return `${name}.${bus}`;
}
