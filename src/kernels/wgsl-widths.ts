/**
 * The text once for scalars and once for vectors of four: `$(f32)` is f32, then vec4<f32>; `name$n` is name, then name4.
 */
export function forBothWidths(template: string): string {
  return ["", "4"]
    .map((suffix) =>
      template
        .replace(/\$\((\w+)\)/g, (_, type: string) => (suffix === "" ? type : `vec4<${type}>`))
        .replaceAll("$n", suffix),
    )
    .join("\n");
}
