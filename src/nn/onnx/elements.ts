export {
  type ElementType,
  elementBits,
  elementNumber,
  elementType,
  elementTypeName,
} from "../../runtime/onnx/elements.ts";
