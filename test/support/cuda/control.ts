import koffi from "koffi";
import type { Built } from "./build.ts";

/** What is alive in the fake driver, and what happened. */
export interface FakeStats {
  readonly contexts: number;
  readonly streams: number;
  readonly events: number;
  readonly modules: number;
  readonly graphs: number;
  readonly executables: number;
  readonly allocations: number;
  readonly bytes: number;
  readonly pinned: number;
  readonly pinnedBytes: number;
  /** Streams with unfinished work. */
  readonly pending: number;
  readonly launches: number;
  readonly graphLaunches: number;
  /** Copies to pageable memory: the caller waited. */
  readonly blockedCopies: number;
  /** Frees and unloads that found work unfinished: the caller waited. */
  readonly implicitWaits: number;
  readonly calls: number;
  /** Of the calls by the JavaScript thread, the one that took longest. */
  readonly longest: string;
  readonly longestMicroseconds: number;
  /** Why launches failed. */
  readonly faults: readonly string[];
  /** Work on different streams that uses the same memory in no certain order, one of them writing. */
  readonly races: readonly string[];
}

/** The hands on the fake driver loaded in this process. */
export interface FakeControl {
  configure(settings: Readonly<Record<string, string | number>>): void;
  /** Makes the `nth` call from now of a driver function fail; "execute" and "copy" fail when a stream runs them. */
  fail(name: string, code: number, nth?: number): void;
  failNvrtc(name: string, code: number, nth?: number): void;
  failBlas(name: string, code: number, nth?: number): void;
  stats(): FakeStats;
  programs(): number;
  blasHandles(): number;
  log(): readonly string[];
  /** Forgets the log, the faults, the counts and what was to fail. */
  clear(): void;
}

export function settingsText(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}`)
    .join(";");
}

export function controlOf(built: Built): FakeControl {
  const driver = koffi.load(built.driver);
  const nvrtc = koffi.load(built.nvrtc);
  const cublas = koffi.load(built.cublas);
  const configure = driver.func("fake_configure", "void", ["str"]);
  const fail = driver.func("fake_fail", "void", ["str", "int", "int"]);
  const failNvrtc = nvrtc.func("fake_nvrtc_fail", "void", ["str", "int", "int"]);
  const failBlas = cublas.func("fake_blas_fail", "void", ["str", "int", "int"]);
  const stats = driver.func("fake_stats", "str", []);
  const log = driver.func("fake_log", "str", []);
  const clear = driver.func("fake_clear", "void", []);
  const programs = nvrtc.func("fake_nvrtc_programs", "int", []);
  const handles = cublas.func("fake_blas_handles", "int", []);
  return {
    configure: (settings) => configure(settingsText(settings)),
    fail: (name, code, nth = 1) => fail(name, nth, code),
    failNvrtc: (name, code, nth = 1) => failNvrtc(name, nth, code),
    failBlas: (name, code, nth = 1) => failBlas(name, nth, code),
    stats: () => JSON.parse(stats()),
    programs: () => programs(),
    blasHandles: () => handles(),
    log: () => JSON.parse(log()),
    clear: () => clear(),
  };
}
