export { JavascriptEngine, type JavascriptRequest, javascriptEngine } from "./engine.ts";
export type { Task, TaskArray } from "./task.ts";
