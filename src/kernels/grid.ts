/** So many workgroups, laid out in rows where one dimension is too short; kernels check or tolerate the surplus. */
export function inRows(groups: number): readonly [number, number] {
  const rows = Math.ceil(groups / 65_535);
  return [rows === 0 ? 0 : Math.ceil(groups / rows), rows];
}
