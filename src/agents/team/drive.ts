import { AikoError } from "../../errors.ts";
import { abortError } from "../../runtime/abort.ts";
import { type Cell, checkShape } from "./cell.ts";
import type { Machine, Scope } from "./machine.ts";
import { inSpan } from "./spans.ts";
import { StepContext } from "./step.ts";

/**
 * Takes the machine's steps until it has a result. Rejects with Interruption where it waits for a person, with ABORTED, with
 * NO_CONVERGENCE after too many steps, and with what a step throws; the cell then holds all steps that are complete.
 */
export function drive<R>(machine: Machine<R>, cell: Cell, outer: Scope): Promise<R> {
  checkShape(machine, cell, `the run inside ${outer.path || outer.environment.thread}`);
  const options = {
    parent: outer.trace,
    name: `${machine.kind === "agent" ? "invoke_agent" : "invoke_workflow"} ${machine.name}`,
    attributes: {
      "gen_ai.operation.name": machine.kind === "agent" ? "invoke_agent" : "invoke_workflow",
      "gen_ai.conversation.id": outer.environment.thread,
      ...machine.attributes,
    },
  };
  return inSpan(options, async (trace, span) => {
    const scope: Scope = {
      ...outer,
      trace,
      use: (add) => {
        cell.usage = add(cell.usage);
        outer.use(add);
      },
    };
    try {
      return await steps(machine, cell, scope);
    } finally {
      span.setAttribute("gen_ai.usage.input_tokens", cell.usage.promptTokens);
      span.setAttribute("gen_ai.usage.output_tokens", cell.usage.outputTokens);
    }
  });
}

async function steps<R>(machine: Machine<R>, cell: Cell, scope: Scope): Promise<R> {
  while (true) {
    const result = machine.result(cell.state);
    if (result !== undefined) return result;
    if (scope.signal.aborted) throw abortError(scope.signal, `The ${machine.kind} "${machine.name}"`);
    if (cell.step - cell.began >= machine.maxSteps) throw tooManySteps(machine);
    const state = await machine.step(cell.state, new StepContext(scope, cell));
    Object.assign(cell, { state, step: cell.step + 1, tasks: {} });
    const { save, saveTask } = scope.environment;
    await (scope.path === "" ? save() : saveTask());
  }
}

function tooManySteps(machine: Machine<unknown>): AikoError {
  return new AikoError("NO_CONVERGENCE", {
    message: `The ${machine.kind} "${machine.name}" did not come to an end in ${machine.maxSteps} steps`,
    hint: "Look for a cycle that nothing ends, or allow more.",
  });
}
