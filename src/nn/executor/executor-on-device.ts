import { availableParallelism } from "node:os";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import type { BufferView, Device, Kernel } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import { kernelOn, wantsLongThreads } from "../../kernels/source.ts";
import type { MemoryManager, PoolBuffer, Reservation, Resident } from "../../memory/index.ts";
import type { GpuContext } from "../../runtime/index.ts";
import type { NnTensor } from "../tensor.ts";
import type { Buffer } from "./buffer.ts";
import { bytesOfBuffer } from "./builder.ts";
import type { Executor, NamedTensors } from "./executor.ts";
import { returnedTensor, storedTensor } from "./host-tensor.ts";
import type { Graph } from "./import.ts";
import { Plans } from "./plans.ts";
import { type Call, type OutputPlan, type Plan, planInTurns } from "./run-plan.ts";
import type { DeviceTraits, Dispatch, LibraryProduct } from "./step.ts";
import { hostData } from "./types.ts";

/** What plans depend on of a device. */
export function traitsOf(device: Device): DeviceTraits {
  return {
    long: wantsLongThreads(device),
    f64: device.adapter.features.has("f64"),
    blas: device.blas !== undefined,
    threads: availableParallelism(),
  };
}

interface Prepared {
  readonly plan: Plan;
  readonly kernels: ReadonlyMap<Dispatch, Kernel>;
}

/** A model on one device: its plans by the shapes of their inputs, and its constants in device memory. */
export class DeviceExecutor implements Executor {
  readonly #device: Device;
  readonly #graph: Graph;
  #traits: DeviceTraits;
  #plans: Plans;
  readonly #prepared = new Map<Plan, Promise<Prepared>>();
  readonly #residents = new Map<string, Resident>();
  #preparing: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(graph: Graph, device: Device) {
    this.#device = device;
    this.#graph = graph;
    this.#traits = traitsOf(device);
    this.#plans = new Plans();
  }

  /** The plan of a run on these inputs. Rejects with UNSUPPORTED or INVALID_ARGUMENT, naming the node. */
  async plan(inputs: NamedTensors): Promise<Plan> {
    if (this.#traits.blas !== (this.#device.blas !== undefined)) {
      this.#traits = traitsOf(this.#device);
      this.#plans = new Plans();
    }
    const known = this.#plans.find(inputs);
    if (known !== undefined) return known;
    const planning = planInTurns(this.#graph, inputs, this.#traits);
    for (;;) {
      const { done, value } = planning.next();
      if (done) return this.#plans.find(inputs) ?? this.#plans.add(inputs, value);
      while (isTurnLong()) await nextTurn();
    }
  }

  async run(inputs: NamedTensors, outputs: readonly string[], context: GpuContext): Promise<NamedTensors> {
    this.#assertUsable();
    const plan = await this.plan(inputs);
    const { kernels } = await this.#prepare(plan, context);
    const residents = plan.each
      .flatMap(({ step }) => step.reads)
      .concat([...plan.outputs.values()].map(({ buffer }) => buffer))
      .flatMap((buffer) => this.#residentOf(plan, buffer) ?? []);
    const needs = { label: "A model's run", bytes: [Math.max(16, plan.peakBytes)], residents };
    return context.memory.use(
      needs,
      async (reservation) => {
        const placed = await this.#place(plan, reservation, context);
        for (const [name, value] of plan.inputs)
          await this.#upload(placed, value.expression, inputs[name], context);
        await this.#dispatch(plan.each, kernels, placed, context);
        const found: Record<string, NnTensor> = {};
        await Promise.all(
          outputs.map(async (name) => {
            const output = plan.outputs.get(name);
            if (output !== undefined) found[name] = await this.#read(placed, output, context);
          }),
        );
        return found;
      },
      { signal: context.signal },
    );
  }

  dispose(): void {
    this.#disposed = true;
    for (const resident of this.#residents.values()) resident.dispose();
    this.#residents.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #assertUsable(): void {
    if (this.#disposed) throw new AikoError("DISPOSED", { message: "This model is disposed" });
  }

  #residentOf(plan: Plan, buffer: Buffer): Resident | undefined {
    const key = plan.keys.get(buffer);
    return key === undefined ? undefined : this.#residents.get(key);
  }

  /** Compiles a plan's kernels and makes its constants, once. */
  async #prepare(plan: Plan, context: GpuContext): Promise<Prepared> {
    let prepared = this.#prepared.get(plan);
    if (prepared === undefined) {
      const before = this.#preparing;
      prepared = before.then(() => this.#prepareNow(plan, context));
      this.#preparing = prepared.catch(() => undefined);
      this.#prepared.set(plan, prepared);
      prepared.catch(() => this.#prepared.delete(plan));
    }
    return prepared;
  }

  async #prepareNow(plan: Plan, context: GpuContext): Promise<Prepared> {
    const kernels = new Map<Dispatch, Kernel>();
    await Promise.all(
      [...plan.once, ...plan.each].flatMap(({ dispatches }) =>
        dispatches.map(async (dispatch) => {
          if (!("text" in dispatch)) return;
          const { text, entryPoint, contract, label } = dispatch;
          kernels.set(dispatch, await kernelOn(this.#device, text, { entryPoint, contract, label }));
        }),
      ),
    );
    this.#assertUsable();
    for (const buffer of plan.constants) this.#loadConstant(plan, buffer, context.memory);
    for (const call of plan.once) await this.#makeOnce(plan, call, kernels, context);
    return { plan, kernels };
  }

  #loadConstant(plan: Plan, buffer: Buffer, memory: MemoryManager): void {
    const { source } = buffer;
    const key = plan.keys.get(buffer);
    if (source.kind !== "constant" || key === undefined || this.#residents.has(key)) return;
    const stored = storedTensor(source.tensor);
    if (stored === undefined) throw new AikoError("INTERNAL", { message: `${key} has no elements` });
    const data = stored.data.length > 0 ? stored.data : hostData(buffer.dtype, 1);
    this.#residents.set(key, memory.resident(data, key));
  }

  async #makeOnce(
    plan: Plan,
    call: Call,
    kernels: ReadonlyMap<Dispatch, Kernel>,
    context: GpuContext,
  ): Promise<void> {
    const { reads, writes, scratch } = call.step;
    const keys = writes.map((buffer) => plan.keys.get(buffer) ?? "");
    if (keys.every((key) => this.#residents.has(key))) return;
    const bytes = [...writes, ...scratch].map((buffer) => bytesOfBuffer(buffer));
    const residents = reads.flatMap((buffer) => this.#residentOf(plan, buffer) ?? []);
    const { memory, timer, signal } = context;
    await memory.use({ label: "A model's constants", bytes, residents }, async (reservation) => {
      const placed = new Map<Buffer, BufferView>();
      for (const buffer of reads) {
        const resident = this.#residentOf(plan, buffer);
        if (resident !== undefined) placed.set(buffer, await reservation.load(resident, { timer, signal }));
      }
      const made = new Map<Buffer, PoolBuffer>();
      for (const buffer of [...writes, ...scratch]) {
        const memoryOf = reservation.allocate(bytesOfBuffer(buffer), call.step.label);
        made.set(buffer, memoryOf);
        placed.set(buffer, memoryOf);
      }
      await this.#dispatch([call], kernels, placed, context);
      await this.#device.wait();
      writes.forEach((buffer, at) => {
        const own = made.get(buffer);
        if (own !== undefined) this.#residents.set(keys[at] ?? "", memory.adopt(reservation.keep(own)));
      });
    });
  }

  /** Where everything that a run touches lies. */
  async #place(
    plan: Plan,
    reservation: Reservation,
    { timer, signal }: GpuContext,
  ): Promise<Map<Buffer, BufferView>> {
    const placed = new Map<Buffer, BufferView>();
    const arena = reservation.allocate(Math.max(16, plan.peakBytes), "activations");
    for (const [buffer, offset] of plan.arena.offsets)
      placed.set(buffer, arena.slice(offset, bytesOfBuffer(buffer)));
    for (const [buffer, key] of plan.keys) {
      const resident = this.#residents.get(key);
      if (resident !== undefined) placed.set(buffer, await reservation.load(resident, { timer, signal }));
    }
    return placed;
  }

  async #upload(
    placed: ReadonlyMap<Buffer, BufferView>,
    expression: Plan["inputs"] extends ReadonlyMap<string, infer V> ? V["expression" & keyof V] : never,
    tensor: NnTensor | undefined,
    { timer }: GpuContext,
  ): Promise<void> {
    if (expression.kind !== "leaf" || tensor === undefined) return;
    const target = placed.get(expression.buffer);
    const stored = storedTensor(tensor);
    if (target === undefined || stored === undefined || stored.data.length === 0) return;
    this.#device.write(target, stored.data, { timer });
  }

  async #dispatch(
    calls: readonly Call[],
    kernels: ReadonlyMap<Dispatch, Kernel>,
    placed: ReadonlyMap<Buffer, BufferView>,
    context: GpuContext,
  ): Promise<void> {
    const { timer } = context;
    for (const { dispatches } of calls) {
      for (const dispatch of dispatches) {
        if (!("text" in dispatch)) {
          this.#multiply(dispatch, placed, context);
          continue;
        }
        const kernel = kernels.get(dispatch);
        if (kernel === undefined)
          throw new AikoError("INTERNAL", { message: `${dispatch.label} was not compiled` });
        const bindings: Record<string, BufferView | Uint8Array> = { p: dispatch.parameters };
        for (const [name, buffer] of Object.entries(dispatch.bindings)) {
          const view = placed.get(buffer);
          if (view === undefined)
            throw new AikoError("INTERNAL", { message: `${dispatch.label} has no memory for ${name}` });
          bindings[name] = view;
        }
        this.#device.dispatch(kernel, bindings, dispatch.workgroups, { timer });
        while (isTurnLong()) await nextTurn();
      }
    }
  }

  #multiply(
    { label, product, bindings, offsets }: LibraryProduct,
    placed: ReadonlyMap<Buffer, BufferView>,
    { timer }: GpuContext,
  ): void {
    const { blas } = this.#device;
    if (blas === undefined) {
      throw new AikoError("UNSUPPORTED", {
        message: `${this.#device.label} has no matrix products any more`,
      });
    }
    const at = (buffer: Buffer, offset: number): BufferView => {
      const view = placed.get(buffer);
      if (view === undefined) throw new AikoError("INTERNAL", { message: `${label} has no memory` });
      if (offset === 0) return view;
      return {
        buffer: view.buffer,
        byteOffset: view.byteOffset + offset,
        byteLength: view.byteLength - offset,
      };
    };
    const [a, b, out] = [at(bindings.a, offsets.a), at(bindings.b, offsets.b), at(bindings.out, 0)];
    blas.multiply({ ...product, a, b, out }, { timer });
  }

  async #read(
    placed: ReadonlyMap<Buffer, BufferView>,
    { buffer, value }: OutputPlan,
    { timer }: GpuContext,
  ): Promise<NnTensor> {
    const source = placed.get(buffer);
    const data = hostData(value.dtype, buffer.length);
    if (buffer.length > 0 && source !== undefined) await this.#device.read(source, data, { timer });
    return returnedTensor(value.dtype, value.shape, data);
  }
}
