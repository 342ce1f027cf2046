export { randomFloats, seeded } from "#src/device/conformance/expectations.js";
