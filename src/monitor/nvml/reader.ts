import type { Handle, Nvml, NvmlFunction } from "./library.ts";
import { isFatal, NO_PERMISSION, SUCCESS, statusText } from "./status.ts";

const noValue32 = 0xffffffff;
const noValue64 = 0xffffffffffffffffn;

/** Reads one device's values, remembering why one is missing and what ended the reading. */
export class Reader {
  readonly missing: Record<string, string> = {};
  fatal: number | undefined;
  readonly #nvml: Nvml;
  readonly #handle: Handle;

  constructor(nvml: Nvml, handle: Handle) {
    this.#nvml = nvml;
    this.#handle = handle;
  }

  async word(what: string, name: NvmlFunction, ...selectors: readonly number[]): Promise<number | undefined> {
    const read = await this.#call(what, name, selectors);
    return read ? this.#word(0) : undefined;
  }

  async pair(what: string, name: NvmlFunction): Promise<readonly (number | undefined)[]> {
    const read = await this.#call(what, name, []);
    return read ? [this.#word(0), this.#word(4)] : [];
  }

  async long(what: string, name: NvmlFunction, ...selectors: readonly number[]): Promise<number | undefined> {
    const read = await this.#call(what, name, selectors);
    return read ? this.#long(0) : undefined;
  }

  /** The second version does not count memory that the driver keeps to itself as used, nor does nvidia-smi. */
  async memory(): Promise<{ used: number | undefined; total: number | undefined }> {
    const what = "memoryUsedBytes";
    const version = 2;
    const structBytes = 40;
    const prepare = () => this.#nvml.out.setUint32(0, structBytes | (version << 24), true);
    if (this.#nvml.has("nvmlDeviceGetMemoryInfo_v2")) {
      const read = await this.#call(what, "nvmlDeviceGetMemoryInfo_v2", [], prepare);
      if (read) return { total: this.#long(8), used: this.#long(32) };
    }
    const read = await this.#call(what, "nvmlDeviceGetMemoryInfo", []);
    if (read) delete this.missing[what];
    return read ? { total: this.#long(0), used: this.#long(16) } : { used: undefined, total: undefined };
  }

  async #call(
    what: string,
    name: NvmlFunction,
    selectors: readonly number[],
    prepare?: () => void,
  ): Promise<boolean> {
    if (this.fatal !== undefined) return false;
    this.#nvml.clear();
    prepare?.();
    const status = await this.#nvml.call(name, this.#handle, ...selectors, this.#nvml.address);
    if (status === SUCCESS) return true;
    if (isFatal(status)) this.fatal = status;
    else if (status === NO_PERMISSION) this.missing[what] = statusText(status);
    return false;
  }

  #word(offset: number): number | undefined {
    const value = this.#nvml.out.getUint32(offset, true);
    return value === noValue32 ? undefined : value;
  }

  #long(offset: number): number | undefined {
    const value = this.#nvml.out.getBigUint64(offset, true);
    return value === noValue64 ? undefined : Number(value);
  }
}
