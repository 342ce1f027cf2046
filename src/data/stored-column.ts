import type { HostColumn } from "../core/column.ts";
import { columnBytes } from "../core/column-make.ts";
import type { Field } from "../core/column-type.ts";
import type { Timer } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import type { ColumnBuffer } from "./column-buffer.ts";
import { buffersOf, type DeviceForm, formOf } from "./device-form.ts";
import { hostColumnOf } from "./download.ts";

/** One column, wherever it is. */
export class StoredColumn {
  readonly field: Field;
  readonly rows: number;
  #host: HostColumn | undefined;
  #form: DeviceForm | undefined;
  #forming: Promise<DeviceForm> | undefined;
  #fetching: Promise<HostColumn> | undefined;
  #owners = 1;

  constructor(field: Field, rows: number, where: { host: HostColumn } | { form: DeviceForm }) {
    this.field = field;
    this.rows = rows;
    if ("host" in where) this.#host = where.host;
    else this.#form = where.form;
  }

  get byteLength(): number {
    if (this.#host !== undefined) return columnBytes(this.#host);
    return this.#buffers().reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  get isOnHost(): boolean {
    return this.#host !== undefined;
  }

  get isOnDevice(): boolean {
    return this.#form !== undefined && this.#buffers().every(({ isOnDevice }) => isOnDevice);
  }

  get disposed(): boolean {
    return this.#owners <= 0;
  }

  /** The host's copy, downloaded on first need. */
  async host(timer?: Timer): Promise<HostColumn> {
    this.#assertUsable();
    if (this.#host !== undefined) return this.#host;
    this.#fetching ??= this.#fetch(timer).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  /** How devices hold it; text that repeats becomes codes here. Rejects with UNSUPPORTED for lists. */
  async form(): Promise<DeviceForm> {
    this.#assertUsable();
    if (this.#form !== undefined) return this.#form;
    this.#forming ??= this.#make().finally(() => {
      this.#forming = undefined;
    });
    return this.#forming;
  }

  retain(): this {
    this.#assertUsable();
    this.#owners++;
    return this;
  }

  dispose(): void {
    this.#owners--;
    if (this.#owners > 0) return;
    this.#host = undefined;
    for (const buffer of this.#buffers()) buffer.dispose();
    this.#form = undefined;
  }

  #buffers(): readonly ColumnBuffer[] {
    return this.#form === undefined ? [] : buffersOf(this.#form);
  }

  async #fetch(timer: Timer | undefined): Promise<HostColumn> {
    const form = this.#form;
    if (form === undefined) throw new AikoError("INTERNAL", { message: `${this.field.name} is nowhere` });
    const host = await hostColumnOf(this.field, this.rows, form, timer);
    if (!this.disposed) this.#host = host;
    return host;
  }

  async #make(): Promise<DeviceForm> {
    const host = this.#host;
    if (host === undefined) throw new AikoError("INTERNAL", { message: `${this.field.name} is nowhere` });
    const form = await formOf(this.field, host);
    if (this.disposed) for (const buffer of buffersOf(form)) buffer.dispose();
    else this.#form = form;
    this.#assertUsable();
    return form;
  }

  #assertUsable(): void {
    if (!this.disposed) return;
    throw new AikoError("BUFFER_DISPOSED", {
      message: `The column ${JSON.stringify(this.field.name)} of ${this.rows} rows is disposed`,
      hint: "Dispose columns after their last use.",
    });
  }
}
