export type { NatsOptions } from "./options.ts";
export { natsTransport } from "./transport.ts";
