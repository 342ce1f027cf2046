export type LikePart =
  | { readonly kind: "text"; readonly text: string }
  /** `%` and `_`: any text, one code point. */
  | { readonly kind: "any" }
  | { readonly kind: "one" };

/** A pattern of `like` in parts; a backslash takes the next character as it is. */
export function likePattern(pattern: string): readonly LikePart[] {
  const parts: LikePart[] = [];
  let plain = "";
  const flush = () => {
    if (plain !== "") parts.push({ kind: "text", text: plain });
    plain = "";
  };
  const points = Array.from(pattern);
  for (let at = 0; at < points.length; at++) {
    const point = points[at] ?? "";
    if (point === "%" || point === "_") {
      flush();
      parts.push({ kind: point === "%" ? "any" : "one" });
    } else if (point === "\\") plain += points[++at] ?? "\\";
    else plain += point;
  }
  flush();
  return parts;
}
