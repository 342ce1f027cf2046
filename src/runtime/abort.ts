export { abortable, abortError } from "../memory/index.ts";
