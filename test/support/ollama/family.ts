import { bindLlm, type LlmFamily, type LlmOptions, type LlmReport, llmChannel } from "#src/llm/index.js";
import { Runtime } from "#src/runtime/index.js";

/** The family on a runtime without devices. */
export function family(options: LlmOptions): LlmFamily {
  return bindLlm(new Runtime({ adapters: async () => [] }), options);
}

/** The reports that are published while it lives. */
export function listen(): { readonly reports: readonly LlmReport[] } & Disposable {
  const reports: LlmReport[] = [];
  const listener = (report: unknown) => void reports.push(report as LlmReport);
  llmChannel.subscribe(listener);
  return { reports, [Symbol.dispose]: () => void llmChannel.unsubscribe(listener) };
}
