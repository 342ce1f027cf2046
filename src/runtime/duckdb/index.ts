export { assertWhole } from "./compressed.ts";
export type { CopyFormat, CopyOptions, CopyResult } from "./copy-to.ts";
export type { CsvOptions, FileSettings } from "./csv-files.ts";
export {
  DuckDb,
  type DuckDbOptions,
  type LoadedTable,
  openDuckDb,
  type QueryOptions,
  type StreamOptions,
} from "./database.ts";
export {
  describeFiles,
  type FileDescription,
  type FileFormat,
  type FileRequest,
  type FileTable,
  fileSql,
} from "./files.ts";
export { findDuckDb } from "./library.ts";
export { quoteName, quoteText } from "./quote.ts";
export { sqlType } from "./types.ts";
