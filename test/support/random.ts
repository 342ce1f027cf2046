export { seeded } from "#src/device/conformance/expectations.js";
