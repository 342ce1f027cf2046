import { check, interleaved, timed, warmUp } from "./harness.mjs";

/**
 * @typedef {import("./index.mjs").Row} Row
 * @typedef {import("./index.mjs").Bench} Bench
 * @typedef {"auto" | "cpu" | "gpu"} Placement
 *
 * @typedef {object} Rival
 * @property {string} name
 * @property {string} version
 * @property {() => unknown} run what is timed
 * @property {(result: any) => ArrayLike<number>} [values] the part of a result that is checked; the result itself by default
 * @property {() => void} [dispose]
 *
 * @typedef {object} Ours
 * @property {ArrayLike<number> | (() => Promise<ArrayLike<number>>)} values
 * @property {any} report
 * @property {() => void} [dispose]
 *
 * @typedef {object} Contest
 * @property {string} family
 * @property {string} operation
 * @property {string} title
 * @property {(placement: Placement, report: boolean) => Promise<Ours>} ours
 *   From host memory to host memory, unless the family says otherwise. Which values depends on the operation: those that
 *   `expected` has.
 * @property {readonly Rival[]} rivals peers; those of `plain` are not libraries and have a row of their own
 * @property {readonly Rival[]} [plain]
 * @property {ArrayLike<number>} expected computed in another way
 * @property {number} tolerance
 * @property {readonly Placement[]} [placements] all that there are by default
 * @property {(limits: import("./index.mjs").DeviceLimits, gpuMs: number) => Row["limit"]} [limit] of the device's path
 */

/** Above this the warm-up run counts: nothing has to warm up for that long. */
const slowMs = 1_500;

/**
 * Lets our operation, placed in each way, and its rivals take turns. Every result is checked before anything is timed.
 * @param {Bench} bench @param {Contest} contest @returns {Promise<Row[]>}
 */
export async function contestRows({ device, measureLimits, progress }, contest) {
  const { family, operation, title, ours, rivals, plain = [], expected, tolerance } = contest;
  progress(`${operation} ${title}`);
  /** @type {readonly Placement[]} */
  const placements = contest.placements ?? (device === undefined ? ["auto", "cpu"] : ["auto", "cpu", "gpu"]);
  const contestants = [];
  for (const placement of placements) {
    const run = async () => (await ours(placement, false)).dispose?.();
    const first = await ours(placement, false);
    const values = typeof first.values === "function" ? await first.values() : first.values;
    check(`${operation} ${title} ${placement}`, values, expected, tolerance);
    first.dispose?.();
    await warmUp(run);
    contestants.push({ name: /** @type {string} */ (placement), run });
  }
  for (const { name, run, values } of [...rivals, ...plain]) {
    let untested = true;
    const checked = async () => {
      const result = /** @type {any} */ (await run());
      if (untested) check(`${name} ${operation} ${title}`, values?.(result) ?? result, expected, tolerance);
      untested = false;
    };
    const first = await timed(checked);
    if (first <= slowMs) await warmUp(checked);
    contestants.push({ name, run, ...(first > slowMs ? { known: first } : {}) });
  }
  progress(`${operation} ${title}: taking turns`);
  const ms = await interleaved(contestants, { rounds: 9, budgetMs: 2_500 });
  for (const { dispose } of [...rivals, ...plain]) dispose?.();
  const limit =
    contest.limit === undefined || device === undefined
      ? null
      : contest.limit(await measureLimits(), ms.get("gpu") ?? Number.NaN);
  const { report } = await ours("auto", true);
  /** @param {readonly Rival[]} against @param {string} name @param {Row["limit"]} share @returns {Row} */
  const row = (against, name, share) => {
    const peers = against.map((rival) => ({
      name: rival.name,
      version: rival.version,
      ms: ms.get(rival.name) ?? Number.NaN,
    }));
    const best = Math.min(...peers.map((peer) => peer.ms));
    const auto = ms.get("auto") ?? Number.NaN;
    return {
      family,
      operation,
      case: name,
      ours: {
        ms: auto,
        placement: report?.placement ?? "unknown",
        device: report?.device ?? "unknown",
        reason: report?.reason ?? "",
      },
      gpuMs: ms.get("gpu") ?? null,
      cpuMs: ms.get("cpu") ?? null,
      peers,
      ratio: peers.length === 0 ? null : best / auto,
      limit: share,
    };
  };
  return [
    row(rivals, title, limit),
    ...plain.map((rival) => row([rival], `${title}, against ${rival.name}`, null)),
  ];
}
