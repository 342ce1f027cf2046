/** Dates of JavaScript end there. */
const furthestMs = 8.64e15;

const formats = new Map<string, Intl.DateTimeFormat | undefined>();

/** Seconds that a zone is ahead of UTC at a moment: an IANA name, "UTC" or "+02:00". Undefined for a zone that is not known. */
export function zoneOffset(timeZone: string, epochMs: number): number | undefined {
  if (/^(UTC|Z|GMT|Etc\/UTC)$/i.test(timeZone)) return 0;
  const fixed = secondsOf(timeZone);
  if (fixed !== undefined) return fixed;
  const format = formatOf(timeZone);
  if (format === undefined) return undefined;
  if (Math.abs(epochMs) > furthestMs) return 0;
  const name = format.formatToParts(epochMs).find(({ type }) => type === "timeZoneName")?.value ?? "";
  return secondsOf(name.replace(/^GMT/, "")) ?? 0;
}

/** "+02:00". */
export function offsetText(seconds: number): string {
  const size = Math.abs(seconds);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60];
  if (size % 60 > 0) parts.push(size % 60);
  return `${seconds < 0 ? "-" : "+"}${parts.map((part) => String(part).padStart(2, "0")).join(":")}`;
}

/** Seconds of "+02:00", "-0330" or "+01:23:45". */
export function secondsOf(offset: string): number | undefined {
  const match = /^([+-])(\d\d):?(\d\d)?(?::?(\d\d))?$/.exec(offset);
  if (match === null) return undefined;
  const [, sign, hours, minutes = "0", seconds = "0"] = match;
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === "-" ? -size : size;
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  if (formats.has(timeZone)) return formats.get(timeZone);
  let format: Intl.DateTimeFormat | undefined;
  try {
    format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  } catch {
    format = undefined;
  }
  formats.set(timeZone, format);
  return format;
}
