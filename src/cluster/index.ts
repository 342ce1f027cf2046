export * from "./nats/index.ts";
