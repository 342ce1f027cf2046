import type { Adapter, Device } from "../device.ts";

export type Body = (device: Device, adapter: Adapter) => Promise<void> | void;

/** Something that the device contract documents. `body` throws where a device does otherwise. */
export interface Behaviour {
  readonly name: string;
  /** Why an adapter cannot show it, if it cannot. */
  readonly unless?: ((adapter: Adapter) => string | undefined) | undefined;
  readonly body: Body;
}

export const computesNothing = ({ kind }: Adapter) => (kind === "null" ? "computes nothing" : undefined);

export const checks = (name: string, body: Body): Behaviour => ({ name, body });

/** What only a device that computes can show. */
export const computes = (name: string, body: Body): Behaviour => ({ name, body, unless: computesNothing });
