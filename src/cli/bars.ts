const blocks = "▁▂▃▄▅▆▇█";

/** A share from 0 to 1 as a bar of `width` characters. */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

/** Shares from 0 to 1, one character each, the latest on the right. */
export function sparkline(shares: readonly number[]): string {
  return shares
    .map((share) => blocks[Math.min(blocks.length - 1, Math.floor(Math.max(0, share) * blocks.length))])
    .join("");
}

/** At most `width` characters, with an ellipsis where something was cut; control characters become spaces. */
export function truncate(text: string, width: number): string {
  const plain = text.replaceAll(/\p{Cc}/gu, " ");
  return plain.length <= width ? plain : `${plain.slice(0, Math.max(0, width - 1))}…`;
}

export function percent(share: number | undefined): string {
  return share === undefined ? "-" : `${Math.round(share * 100)} %`;
}

/** `counted(2, "call")` is "2 calls". */
export function counted(count: number, noun: string, several = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : several}`;
}
