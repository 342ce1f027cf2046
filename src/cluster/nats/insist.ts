import { natsError } from "./errors.ts";
import { assertOpen, type Link } from "./link.ts";

/** An answer that a server took with it when it ended never comes. */
export const attemptMs = 2_000;
const retryMs = 100;

/** Asks the server again while it is away, for as long as the transport's `timeoutMs`. */
export async function insist(link: Link, doing: string, ask: () => Promise<void>): Promise<void> {
  const { timeoutMs } = link.settings;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const known = natsError(error, doing);
      const mayPass = ["CONNECTION_FAILED", "DEADLINE_EXCEEDED", "UNSUPPORTED"].includes(known.code);
      assertOpen(link);
      if (!mayPass || performance.now() > deadline) throw known;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

/** Waits for work that never ends while the server is away; what it fails with does not matter any more. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}
