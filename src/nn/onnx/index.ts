export { floatAttribute, intAttribute, intsAttribute, stringAttribute, tensorAttribute } from "./access.ts";
export { type ElementType, elementBits, elementNumber, elementType, elementTypeName } from "./elements.ts";
export * from "./model.ts";
export { type ReadModel, type ReadOptions, readModel } from "./read.ts";
export { nodesOf, tensorsOf } from "./walk.ts";
