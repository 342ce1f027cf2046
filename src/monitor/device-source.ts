/** A program that holds device memory. */
export interface DeviceProcess {
  readonly pid: number;
  readonly name: string | undefined;
  readonly memoryBytes: number | undefined;
}

/** What one source sees of one device now. What it cannot see is `undefined`, never a made-up number. */
export interface DeviceSample {
  /** The source's name: "nvml", "nvidia-smi", "sysfs", "runtime". */
  readonly source: string;
  /** Stays the same while the machine runs: the UUID, else the PCI address, else the adapter's id. */
  readonly id: string;
  readonly name: string;
  readonly vendor: string | undefined;
  /** As Linux writes it: "0000:3b:00.0". */
  readonly pciAddress: string | undefined;
  readonly driver: string | undefined;
  /** Share of time in which kernels ran, 0 to 1. */
  readonly gpuUtilization: number | undefined;
  /** Share of time in which memory was read or written, 0 to 1. */
  readonly memoryUtilization: number | undefined;
  readonly memoryUsedBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
  readonly temperatureCelsius: number | undefined;
  readonly powerWatts: number | undefined;
  readonly powerLimitWatts: number | undefined;
  /** Since the driver was loaded. */
  readonly energyJoules: number | undefined;
  readonly coreClockHertz: number | undefined;
  readonly memoryClockHertz: number | undefined;
  /** Share of full speed, 0 to 1; some fans go beyond. */
  readonly fanRatio: number | undefined;
  /** From the host to the device. */
  readonly pcieReceiveBytesPerSecond: number | undefined;
  readonly pcieTransmitBytesPerSecond: number | undefined;
  /** Uncorrected memory errors since the driver was loaded. */
  readonly eccErrors: number | undefined;
  /** Why clocks are held down: "power", "temperature", ... Empty where nothing holds them. */
  readonly throttleReasons: readonly string[] | undefined;
  readonly processes: readonly DeviceProcess[] | undefined;
  /** Why nothing can be read from a device that is there: "the GPU is lost". */
  readonly problem: string | undefined;
  /** Why single values are not there, by the name of the value. What a device merely does not have is left out. */
  readonly missing: Readonly<Record<string, string>>;
}

export type SampleValues = Partial<Omit<DeviceSample, "source" | "id" | "name">>;

/** A sample with everything unknown but what is given. */
export function deviceSample(
  identity: Pick<DeviceSample, "source" | "id" | "name">,
  values: SampleValues,
): DeviceSample {
  return {
    ...identity,
    vendor: undefined,
    pciAddress: undefined,
    driver: undefined,
    gpuUtilization: undefined,
    memoryUtilization: undefined,
    memoryUsedBytes: undefined,
    memoryTotalBytes: undefined,
    temperatureCelsius: undefined,
    powerWatts: undefined,
    powerLimitWatts: undefined,
    energyJoules: undefined,
    coreClockHertz: undefined,
    memoryClockHertz: undefined,
    fanRatio: undefined,
    pcieReceiveBytesPerSecond: undefined,
    pcieTransmitBytesPerSecond: undefined,
    eccErrors: undefined,
    throttleReasons: undefined,
    processes: undefined,
    problem: undefined,
    missing: {},
    ...values,
  };
}

/** One way to see devices. */
export interface DeviceSource {
  readonly name: string;
  /**
   * Resolves with the devices as they are now. Rejects with UNSUPPORTED where it cannot see them: the message says why,
   * the hint what would change that, and no hint means that there is nothing to see.
   */
  sample(): Promise<readonly DeviceSample[]>;
  /** Lets go of drivers; a later sample takes hold of them again. */
  dispose?(): Promise<void>;
}

/** Sources of which the first that works is used: two ways to the same devices. */
export type SourceGroup = readonly DeviceSource[];
