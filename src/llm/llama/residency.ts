import { formatBytes } from "../../core/bytes.ts";
import { AikoError } from "../../errors.ts";
import { abortable } from "../../memory/index.ts";
import type { ModelFile } from "./catalog.ts";
import { estimate, machineMemoryBytes } from "./estimate.ts";
import { readGguf } from "./gguf/index.ts";
import { GpuShare } from "./gpu-share.ts";
import type { LlamaSettings } from "./options.ts";
import type { EngineProcess } from "./process.ts";
import type { LoadedInfo } from "./protocol.ts";

export interface Loaded {
  readonly name: string;
  readonly path: string;
  readonly info: LoadedInfo;
  readonly expiresAt: Date | undefined;
}

/** The use of a loaded model: it stays until that ends. */
export interface Lease {
  readonly path: string;
  /** 0 where it was loaded already. */
  readonly loadMs: number;
  release(keepAliveMs: number): void;
}

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly info: LoadedInfo;
  readonly trainedContext: number;
  readonly share: Disposable;
  users: number;
  isLeaving: boolean;
  lastUse: number;
  timer: NodeJS.Timeout | undefined;
  expiresAt: Date | undefined;
}

const longestTimerMs = 2 ** 31 - 1;

/** Which models are loaded: on first use, for a while, as many as there is memory for; the longest unused leaves first. */
export class Residency {
  readonly #engine: EngineProcess;
  readonly #settings: LlamaSettings;
  readonly #gpu: GpuShare;
  readonly #entries = new Map<string, Entry>();
  readonly #mostBytes: number;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: (() => void)[] = [];

  constructor(engine: EngineProcess, settings: LlamaSettings) {
    this.#engine = engine;
    this.#settings = settings;
    this.#gpu = new GpuShare(settings.runtime);
    this.#mostBytes = settings.memoryBytes ?? machineMemoryBytes() / 2;
  }

  list(): readonly Loaded[] {
    return [...this.#entries.values()].filter(({ isLeaving }) => !isLeaving);
  }

  /** With at least `contextLength` tokens, as far as the model was trained for them. Rejects with OUT_OF_MEMORY, INVALID_FILE. */
  async acquire(
    file: ModelFile,
    contextLength: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Lease> {
    const entry = this.#entries.get(file.path);
    if (entry !== undefined && fits(entry, contextLength)) return this.#lease(entry, 0);
    const start = performance.now();
    const loading = this.#inTurn(async () => {
      if (signal?.aborted) throw new AikoError("ABORTED", { message: "The load was aborted" });
      const known = this.#entries.get(file.path);
      const isThere = known !== undefined && fits(known, contextLength);
      const ready = isThere ? known : await this.#load(file, contextLength);
      return this.#lease(ready, isThere ? 0 : performance.now() - start);
    });
    return await abortable(
      loading.then((lease) => {
        if (signal?.aborted) lease.release(this.#settings.keepAliveMs);
        return lease;
      }),
      signal,
      `Loading ${file.name}`,
    );
  }

  /** Unloads it when its users are done; resolves then. */
  async unload(path: string): Promise<void> {
    await this.#inTurn(async () => {
      const entry = this.#entries.get(path);
      if (entry !== undefined) await this.#evict(entry);
    });
  }

  /** What was loaded is gone, with its process. */
  clear(): void {
    for (const entry of this.#entries.values()) this.#forget(entry);
    this.#entries.clear();
    this.#wake();
  }

  async #load(file: ModelFile, wanted: number | undefined): Promise<Entry> {
    const header = await readGguf(file.path);
    const known = this.#entries.get(file.path);
    if (known !== undefined) await this.#evict(known);
    const needs = estimate(header, { ...this.#settings, contextLength: wanted }, this.#mostBytes);
    if (needs.bytes > this.#mostBytes) {
      throw new AikoError("OUT_OF_MEMORY", {
        message: `${file.name} needs about ${formatBytes(needs.bytes)} with its context; models may take ${formatBytes(this.#mostBytes)}`,
        hint: "Raise memoryBytes, or take a smaller contextLength or a smaller quantization.",
      });
    }
    await this.#makeRoom(needs.bytes);
    const { gpu } = await this.#engine.info();
    const share = await this.#gpu.take(gpu === false ? 0 : needs.bytes, file.name);
    try {
      const info = await this.#engine.ask<LoadedInfo>({
        type: "load",
        ...file,
        sequences: needs.sequences,
        contextLength: needs.contextLength,
        gpuBytes: share.limitBytes,
        gpuLayers: share.limitBytes === 0 ? 0 : this.#settings.gpuLayers,
      }).result;
      share.shrink(info.gpuBytes);
      const entry: Entry = {
        ...file,
        info,
        trainedContext: needs.trainedContext,
        share,
        users: 0,
        isLeaving: false,
        lastUse: performance.now(),
        timer: undefined,
        expiresAt: undefined,
      };
      this.#entries.set(file.path, entry);
      return entry;
    } catch (error) {
      share[Symbol.dispose]();
      throw error;
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    for (;;) {
      const entries = [...this.#entries.values()];
      const used = entries.reduce((sum, { info }) => sum + info.bytes, 0);
      if (used + bytes <= this.#mostBytes || entries.length === 0) return;
      const idle = entries.filter(({ users }) => users === 0).sort((a, b) => a.lastUse - b.lastUse)[0];
      if (idle === undefined) await this.#nextIdle();
      else await this.#evict(idle);
    }
  }

  async #evict(entry: Entry): Promise<void> {
    entry.isLeaving = true;
    while (entry.users > 0 && this.#entries.get(entry.path) === entry) await this.#nextIdle();
    if (this.#entries.get(entry.path) !== entry) return;
    await this.#engine.ask({ type: "unload", path: entry.path }).result.catch(() => {});
    if (this.#entries.get(entry.path) !== entry) return;
    this.#entries.delete(entry.path);
    this.#forget(entry);
  }

  #forget(entry: Entry): void {
    clearTimeout(entry.timer);
    entry.isLeaving = true;
    entry.share[Symbol.dispose]();
  }

  #lease(entry: Entry, loadMs: number): Lease {
    entry.users++;
    clearTimeout(entry.timer);
    entry.expiresAt = undefined;
    let isReleased = false;
    return {
      path: entry.path,
      loadMs,
      release: (keepAliveMs) => {
        if (isReleased) return;
        isReleased = true;
        entry.users--;
        entry.lastUse = performance.now();
        if (entry.users === 0) this.#expire(entry, keepAliveMs);
        this.#wake();
      },
    };
  }

  #expire(entry: Entry, keepAliveMs: number): void {
    if (entry.isLeaving || keepAliveMs === Number.POSITIVE_INFINITY) return;
    const leave = () => {
      void this.#inTurn(async () => {
        if (entry.users === 0 && this.#entries.get(entry.path) === entry) await this.#evict(entry);
      });
    };
    if (keepAliveMs === 0) {
      leave();
      return;
    }
    const delay = Math.min(keepAliveMs, longestTimerMs);
    entry.expiresAt = new Date(Date.now() + delay);
    entry.timer = setTimeout(leave, delay);
    entry.timer.unref();
  }

  #nextIdle(): Promise<void> {
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Loads and unloads happen one after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

function fits({ info, trainedContext, isLeaving }: Entry, contextLength: number | undefined): boolean {
  return !isLeaving && Math.min(contextLength ?? 0, trainedContext) <= info.contextLength;
}
