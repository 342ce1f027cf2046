import { formatBytes } from "../core/bytes.ts";
import { AikoError } from "../errors.ts";
import { abortError } from "./abort.ts";
import type { Account } from "./account.ts";
import type { Resident } from "./resident.ts";

/** What a reservation asks for. */
export interface Claim {
  readonly label: string;
  /** Stay on the device for it, whatever else has to go. */
  readonly residents: ReadonlySet<Resident>;
  /** The bytes to set aside if it were granted now. */
  neededBytes(): number;
  /** The bytes it may come to. */
  readonly mostBytes: number;
  /** Called in the moment of the grant. */
  granted(bytes: number): void;
}

/** Makes room by sending memory away that can be had back. */
export interface Evictor {
  /** What could be freed, with transfers. */
  evictableBytes(claim: Claim): number;
  /** Frees at least so much if it can; resolves with the bytes freed. Never rejects. */
  evict(bytes: number, claim: Claim): Promise<number>;
  /** The same without transfers. */
  evictNow(bytes: number): number;
}

interface Waiting {
  readonly claim: Claim;
  settle(error?: AikoError): void;
}

/**
 * Says who may hold how much of a device's memory. Claims are granted whole and in order, so that none holds part of
 * what another one waits for, and none is overtaken for ever.
 */
export class Budget implements Account {
  readonly totalBytes: number;
  readonly #device: string;
  readonly #evictor: Evictor;
  readonly #waiting: Waiting[] = [];
  #heldBytes = 0;
  #reservedBytes = 0;
  #reservations = 0;
  #granting = false;
  #closed: AikoError | undefined;

  constructor(totalBytes: number, device: string, evictor: Evictor) {
    this.totalBytes = totalBytes;
    this.#device = device;
    this.#evictor = evictor;
  }

  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  get reservations(): number {
    return this.#reservations;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get freeBytes(): number {
    return this.totalBytes - this.#heldBytes - this.#reservedBytes;
  }

  /** For what was not reserved: evicts what can go at once, never waits. */
  take(bytes: number, label: string): void {
    if (bytes > this.freeBytes) this.#evictor.evictNow(bytes - this.freeBytes);
    if (bytes > this.freeBytes) throw this.#refusal(bytes, label);
    this.#heldBytes += bytes;
  }

  give(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#grantSoon();
  }

  /** Resolves with the grant. Rejects with OUT_OF_MEMORY when it cannot come, and with ABORTED. */
  async claim(claim: Claim, signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (signal?.aborted) throw abortError(signal, claim.label);
    if (claim.mostBytes > this.totalBytes) throw this.#refusal(claim.mostBytes, claim.label);
    if (this.#waiting.length === 0 && this.#tryGrant(claim)) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        waiting.settle(signal && abortError(signal, claim.label));
        this.#grantSoon();
      };
      const waiting: Waiting = {
        claim,
        settle: (error) => {
          signal?.removeEventListener("abort", onAbort);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiting);
      this.#grantSoon();
    });
  }

  /** Ends a grant of `bytes`, of which `keptBytes` stay in use. */
  release(bytes: number, keptBytes: number): void {
    this.#reservations--;
    this.#reservedBytes -= bytes;
    this.#heldBytes += keptBytes;
    this.#grantSoon();
  }

  /** Rejects whoever waits, and later claims. */
  close(error: AikoError): void {
    this.#closed ??= error;
    for (const { settle } of this.#waiting.splice(0)) settle(error);
  }

  #tryGrant(claim: Claim): boolean {
    const bytes = claim.neededBytes();
    if (bytes > this.freeBytes) return false;
    this.#reservedBytes += bytes;
    this.#reservations++;
    claim.granted(bytes);
    return true;
  }

  #grantSoon(): void {
    if (this.#granting || this.#waiting.length === 0) return;
    this.#granting = true;
    queueMicrotask(() => void this.#grantAll());
  }

  async #grantAll(): Promise<void> {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const { claim } = first;
      if (this.#tryGrant(claim)) {
        this.#waiting.shift();
        first.settle();
        continue;
      }
      const missing = claim.neededBytes() - this.freeBytes;
      const isEnough = this.#evictor.evictableBytes(claim) >= missing;
      if (isEnough && (await this.#evictor.evict(missing, claim)) > 0) continue;
      if (first !== this.#waiting[0] || claim.neededBytes() <= this.freeBytes) continue;
      // Open reservations end; whatever else is in use may stay for ever.
      if (this.#reservations > 0) break;
      this.#waiting.shift();
      first.settle(this.#refusal(claim.neededBytes(), claim.label));
    }
    this.#granting = false;
  }

  #refusal(bytes: number, label: string): AikoError {
    const parts = [`${formatBytes(this.#heldBytes)} are in use`];
    if (this.#reservedBytes > 0) parts.push(`${formatBytes(this.#reservedBytes)} are reserved`);
    return new AikoError("OUT_OF_MEMORY", {
      message: `${label} needs ${formatBytes(bytes)} on ${this.#device}; of its budget of ${formatBytes(this.totalBytes)}, ${parts.join(" and ")}`,
      hint: "Dispose what is no longer needed, work in smaller batches, or raise memoryBudgetBytes.",
    });
  }
}
