import { AikoError } from "../../errors.ts";
import { shuttingDown, tooBusy } from "./failure.ts";

interface Waiter {
  admit(leave: () => void): void;
  refuse(error: AikoError): void;
}

/**
 * Lets so many requests run at a time; the others wait in one line a client, and the lines take turns. Where all places to
 * wait are taken, the client with the longest line loses its last, so that a flood by one refuses nobody else.
 */
export class Admission {
  #running = 0;
  #waiting = 0;
  #refused = 0;
  #closed = false;
  readonly #lines = new Map<string, Waiter[]>();
  readonly #parallel: number;
  readonly #maxQueue: number;

  constructor(limits: { readonly parallel: number; readonly maxQueue: number }) {
    this.#parallel = limits.parallel;
    this.#maxQueue = limits.maxQueue;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get refused(): number {
    return this.#refused;
  }

  /** Resolves with what gives the place back. Rejects with SERVER_BUSY or ABORTED. */
  async enter(client: string, signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw left();
    if (this.#closed) throw shuttingDown();
    if (this.#running < this.#parallel && this.#waiting === 0) return this.#start();
    if (this.#waiting >= this.#maxQueue) this.#makeRoom(client);
    return this.#wait(client, signal);
  }

  /** Refuses who waits and who comes. */
  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#lines.values()].flat()) waiter.refuse(shuttingDown());
    this.#lines.clear();
    this.#waiting = 0;
  }

  #start(): () => void {
    this.#running++;
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#running--;
      this.#next();
    };
  }

  #wait(client: string, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const line = this.#lines.get(client) ?? [];
      const settle = () => signal.removeEventListener("abort", leave);
      const waiter: Waiter = {
        admit: (done) => {
          settle();
          resolve(done);
        },
        refuse: (error) => {
          settle();
          reject(error);
        },
      };
      const leave = () => {
        this.#drop(client, waiter);
        reject(left());
      };
      signal.addEventListener("abort", leave, { once: true });
      line.push(waiter);
      this.#lines.set(client, line);
      this.#waiting++;
    });
  }

  #next(): void {
    while (this.#running < this.#parallel) {
      const [first] = this.#lines;
      if (first === undefined) return;
      const [client, line] = first;
      const waiter = line.shift();
      this.#lines.delete(client);
      if (line.length > 0) this.#lines.set(client, line);
      if (waiter === undefined) continue;
      this.#waiting--;
      waiter.admit(this.#start());
    }
  }

  #makeRoom(client: string): void {
    this.#refused++;
    const own = this.#lines.get(client)?.length ?? 0;
    let longest: Waiter[] = [];
    for (const line of this.#lines.values()) if (line.length > longest.length) longest = line;
    const loses = longest.length > own + 1 ? longest.pop() : undefined;
    if (loses === undefined) throw tooBusy();
    this.#waiting--;
    loses.refuse(tooBusy());
  }

  #drop(client: string, waiter: Waiter): void {
    const line = this.#lines.get(client);
    const at = line?.indexOf(waiter) ?? -1;
    if (line === undefined || at < 0) return;
    line.splice(at, 1);
    if (line.length === 0) this.#lines.delete(client);
    this.#waiting--;
  }
}

function left(): AikoError {
  return new AikoError("ABORTED", { message: "the client left" });
}
