import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import type { CalibrationData, PlaceData } from "./cost-model.ts";
import type { LearnedData } from "./learned.ts";
import type { TransferCurve } from "./transfer.ts";

const version = 2;

/** Keeps one machine's calibration in a JSON file; a file that cannot be read or written is as good as none. */
export class CalibrationStore {
  readonly path: string;

  constructor(directory: string) {
    const machine = [cpus()[0]?.model, availableParallelism(), process.arch, version].join("|");
    const key = createHash("sha256").update(machine).digest("hex").slice(0, 16);
    this.path = join(directory, `calibration-${key}.json`);
  }

  async load(): Promise<CalibrationData | undefined> {
    try {
      return asCalibration(JSON.parse(await readFile(this.path, "utf8")));
    } catch {
      return undefined;
    }
  }

  /** What other processes wrote since stays, where this one knows nothing of it. */
  async save(data: CalibrationData): Promise<void> {
    const temporary = `${this.path}.${randomUUID()}`;
    try {
      await mkdir(join(this.path, ".."), { recursive: true });
      await writeFile(temporary, JSON.stringify(merged(await this.load(), data)));
      await rename(temporary, this.path);
    } catch {
      await rm(temporary, { force: true }).catch(() => {});
    }
  }
}

function merged(before: CalibrationData | undefined, data: CalibrationData): CalibrationData {
  if (before === undefined) return data;
  const devices = Object.entries(data.devices).map(([key, place]) => {
    return [key, mergedPlace(before.devices[key], place)] as const;
  });
  return {
    engine: mergedPlace(before.engine, data.engine),
    devices: { ...before.devices, ...Object.fromEntries(devices) },
  };
}

function mergedPlace(before: PlaceData | undefined, data: PlaceData): PlaceData {
  const transfer = data.transfer ?? before?.transfer;
  return { ...(transfer && { transfer }), learned: { ...before?.learned, ...data.learned } };
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isTransfer(value: unknown): value is TransferCurve {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (point) =>
        isRecord(point) && isNumber(point.bytes) && isNumber(point.uploadMs) && isNumber(point.downloadMs),
    )
  );
}

function isLearned(value: unknown): value is LearnedData {
  return (
    Array.isArray(value) &&
    value.every((entry) => {
      if (!Array.isArray(entry)) return false;
      const [step, fixedMs, scaledMs, samples] = entry;
      return [step, fixedMs, scaledMs].every(isNumber) && Array.isArray(samples) && samples.every(isNumber);
    })
  );
}

function asPlace(value: unknown): PlaceData {
  const { transfer, learned } = isRecord(value) ? value : {};
  const entries = Object.entries(isRecord(learned) ? learned : {});
  return {
    ...(isTransfer(transfer) ? { transfer } : {}),
    learned: Object.fromEntries(
      entries.filter((entry): entry is [string, LearnedData] => isLearned(entry[1])),
    ),
  };
}

function asCalibration(value: unknown): CalibrationData | undefined {
  if (!isRecord(value)) return undefined;
  const devices = Object.entries(isRecord(value.devices) ? value.devices : {});
  return {
    engine: asPlace(value.engine),
    devices: Object.fromEntries(devices.map(([key, place]) => [key, asPlace(place)])),
  };
}
