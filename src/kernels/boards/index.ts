export { overread } from "./fold-text.ts";
export type { Agents, BoardsMemory, BoardsOptions, Moment } from "./memory.ts";
export { type PostWork, postMessages } from "./post.ts";
export {
  type Accumulator,
  type BoardForm,
  cellCount,
  type FieldType,
  faultKinds,
  faultWords,
  Inputs,
  type PostProgram,
  type ReactProgram,
} from "./program.ts";
export { type ReactWork, react, type SeenMessages } from "./react.ts";
export { type Renewed, type RenewWork, renew } from "./renew.ts";
export { copyWords, type SortMessagesWork, sortMessages } from "./sort-messages.ts";
