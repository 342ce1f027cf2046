import { AikoError, type ErrorCode } from "../../errors.ts";

interface Kind {
  readonly code: ErrorCode;
  readonly hint?: string;
}

const query: Kind = {
  code: "INVALID_ARGUMENT",
  hint: "Check the names and types that the query uses.",
};

/** By what DuckDB's messages begin with. */
const kinds: Readonly<Record<string, Kind>> = {
  "Out of Range": { code: "OVERFLOW", hint: "Cast to a wider type before the operation." },
  Conversion: { code: "INVALID_VALUE", hint: "Convert with { orNull: true } to get null instead." },
  "Invalid Input": { code: "INVALID_VALUE" },
  IO: { code: "INVALID_FILE" },
  "Out of Memory": {
    code: "OUT_OF_MEMORY",
    hint: "Raise memoryLimitBytes, name a temporaryDirectory with room, or read the result in batches.",
  },
  INTERRUPT: { code: "ABORTED" },
  Parser: query,
  Syntax: query,
  Binder: query,
  Catalog: query,
  "Missing Extension": {
    code: "UNSUPPORTED",
    hint: "The engine works offline, without extensions: download the file first.",
  },
  "Not implemented": { code: "UNSUPPORTED" },
};

const ofFile =
  /CSV Error|when sniffing|magic bytes|Parquet|parquet|JSON in file|JSON transform|Failed to read file|Invalid unicode|schema of|Schema mismatch/;
const notFound = /No files found that match|No such file or directory|does not exist on disk/;
const unwritable =
  /Could not write|No space left|Disk quota|File too large|Read-only file system|Permission denied|Is a directory|Cannot open file|Failed to create|Could not (sync|truncate|close)/;
const tooLarge = /value is out of range|Could not cast value .* to DECIMAL|exceeds|too large/i;

export const severalStatements = /^Cannot prepare multiple statements/;

/** Whether a statement reads or writes: the same failure of a file is another mistake. */
export type Doing = "reading" | "writing";

/** What DuckDB's message says, as an error of ours in a few lines. */
export function engineError(text: string | null, doing: Doing = "reading"): AikoError {
  const message = text ?? "DuckDB failed without saying why";
  const [, name = "", rest = message] = /^([A-Za-z ]+?) Error: (.*)$/s.exec(message) ?? [];
  const kind = kinds[name] ?? { code: "INTERNAL", hint: "This is a bug: please report the query." };
  const cause = { name: "DuckDB", message };
  if (/does not support the encoding/.test(rest)) {
    const hint = 'Encodings are "utf-8", "utf-16" and "latin-1".';
    return new AikoError("INVALID_ARGUMENT", { message: firstLines(rest), hint, cause });
  }
  if (/^(Cannot prepare multiple statements|No statement to prepare|Expected \d+ parameters)/.test(rest)) {
    const hint = "Give one statement, with its values in it.";
    return new AikoError("INVALID_ARGUMENT", { message: firstLines(rest), hint, cause });
  }
  if (name === "IO" || name === "Permission") return fileError(rest, doing, cause);
  if (/CSV Error on Line/.test(rest)) return csvError(rest, cause);
  if (ofFile.test(rest) && (name === "Invalid Input" || name === "Invalid" || name === "Binder")) {
    return new AikoError("INVALID_FILE", { message: firstLines(rest), hint: fileHint(rest), cause });
  }
  if (name === "Conversion" && tooLarge.test(rest) && !/value -?nan|field value/i.test(rest)) {
    return new AikoError("OVERFLOW", {
      message: firstLines(rest),
      hint: "Cast to a wider type, or convert with { orNull: true } to get null instead.",
      cause,
    });
  }
  return new AikoError(kind.code, { message: firstLines(rest), hint: kind.hint, cause });
}

function fileError(rest: string, doing: Doing, cause: unknown): AikoError {
  const message = firstLines(rest);
  if (doing === "writing" && unwritable.test(rest)) {
    return new AikoError("WRITE_FAILED", {
      message,
      hint: "Check the folder, its rights and its room.",
      cause,
    });
  }
  if (notFound.test(rest)) return new AikoError("FILE_NOT_FOUND", { message, cause });
  return new AikoError("INVALID_FILE", {
    message,
    hint: "Check that the file is whole and may be read.",
    cause,
  });
}

function fileHint(rest: string): string {
  if (/magic bytes|too small|Parquet|parquet/.test(rest)) {
    return "The file is cut off or is no Parquet file: write it again, or name its format.";
  }
  if (/JSON/.test(rest)) return "Each line must be one JSON object: repair the file.";
  if (/schema of|Schema mismatch/.test(rest)) return "Read files of one schema together.";
  return "Name the delimiter, the quote and the encoding, or repair the file.";
}

const csvProblem =
  /^(Expected Number|Value with unterminated|Invalid unicode|Error when converting|Maximum line size|The CSV Parser)/;

/** DuckDB tells twenty lines, most of them its settings. */
function csvError(rest: string, cause: unknown): AikoError {
  const line = /on Line: (\d+)/.exec(rest)?.[1];
  const file = /^\s*file = (.*)$/m.exec(rest)?.[1];
  const lines = rest.split("\n").map((each) => each.trim());
  const [original = ""] = lines.filter((each) => each.startsWith("Original Line:"));
  const problem = lines.find((each) => csvProblem.test(each)) ?? "The line is not valid CSV";
  const shown = original === "" ? "" : `\n${shortened(original.slice("Original Line: ".length))}`;
  const hint = /Could not convert/.test(rest)
    ? 'Give the column another type, such as { types: { name: "utf8" } }, or name the text of nulls: { nullText }.'
    : /unicode/.test(rest)
      ? 'Name the encoding: { encoding: "latin-1" }, or repair the file.'
      : "Repair the line, or name the delimiter and the quote.";
  return new AikoError("INVALID_FILE", {
    message: `${file ?? "The file"}, line ${line}: ${shortened(problem)}${shown}`,
    hint,
    cause,
  });
}

const mostLines = 3;
const mostLength = 300;

function firstLines(text: string): string {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    if (
      lines.length === mostLines ||
      line.trim() === "" ||
      /^(LINE \d+:|Possible|The search space)/.test(line)
    )
      break;
    lines.push(shortened(line.trim()));
  }
  return lines.join("\n");
}

/** Without what a terminal would obey. */
function shortened(line: string): string {
  const shown = line.slice(0, mostLength).replace(/\p{Cc}/gu, "?");
  return line.length <= mostLength ? shown : `${shown}...`;
}
