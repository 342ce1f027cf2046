import type { Adapter, CompileOptions } from "../device/index.ts";
import { AikoError, toAikoError } from "../errors.ts";
import type { Terminal } from "./terminal.ts";

export interface DeviceCheck {
  readonly device: string;
  readonly entryPoint: string;
  readonly status: "compiled" | "unsupported" | "failed";
  readonly ms?: number;
  readonly cached?: boolean;
  readonly message?: string;
}

/** Compiles every entry point on every adapter. */
export async function checkOnDevices(
  adapters: readonly Adapter[],
  source: string,
  entryPoints: readonly string[],
  options: CompileOptions,
  terminal: Terminal,
): Promise<DeviceCheck[]> {
  const present = adapters.filter((adapter) => adapter.backend !== "null");
  if (present.length === 0) {
    throw new AikoError("DEVICE_NOT_FOUND", {
      message: "There is no device to compile on",
      hint: "aikoryu doctor says what is missing and how to install it.",
    });
  }
  const checks: DeviceCheck[] = [];
  for (const adapter of present) {
    terminal.progress(`compiling on ${adapter.id}`);
    checks.push(...(await checkOn(adapter, source, entryPoints, options)));
  }
  return checks;
}

async function checkOn(
  adapter: Adapter,
  source: string,
  entryPoints: readonly string[],
  options: CompileOptions,
): Promise<DeviceCheck[]> {
  const checks: DeviceCheck[] = [];
  const failed = (entryPoint: string, thrown: unknown) => {
    const { code, message } = toAikoError(thrown, "COMPILE_FAILED");
    const status = code === "UNSUPPORTED" ? "unsupported" : "failed";
    checks.push({ device: adapter.id, entryPoint, status, message });
  };
  try {
    await using device = await adapter.open();
    for (const entryPoint of entryPoints) {
      const start = performance.now();
      try {
        using kernel = await device.compile(source, { ...options, entryPoint });
        const ms = performance.now() - start;
        checks.push({ device: adapter.id, entryPoint, status: "compiled", ms, cached: kernel.cached });
      } catch (error) {
        failed(entryPoint, error);
      }
    }
  } catch (error) {
    failed(entryPoints.join(", "), error);
  }
  return checks;
}
