/** The package, which is loaded on first use. */
export type Library = typeof import("node-llama-cpp");
