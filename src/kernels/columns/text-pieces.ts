/** A WGSL function that reads four bytes of text from any place; those behind the last word are anything. */
export function fourBytes(name: string, source: string, words: string): string {
  return `
fn ${name}(at: u32) -> u32 {
  let last = parameters.${words} - 1u;
  let word = min(at / 4u, last);
  let shift = at % 4u * 8u;
  let next = min(word + 1u, last);
  return (${source}[word] >> shift) | select(${source}[next] << ((32u - shift) & 31u), 0u, shift == 0u);
}
`;
}
