/** A cell: its text, and how it is painted once it has been aligned. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/**
 * Columns aligned by their longest cell, two spaces apart; the last is not padded.
 * @param head the names of the columns, in capitals by convention
 * @returns one line for each row, without line breaks
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | Cell)[])[],
  paintHead: (text: string) => string,
): readonly string[] {
  const cells = rows.map((row) =>
    row.map((cell): Cell => (typeof cell === "string" ? { text: cell } : cell)),
  );
  const widths = head.map((name, column) =>
    Math.max(name.length, ...cells.map((row) => row[column]?.text.length ?? 0)),
  );
  const line = (row: readonly Cell[]) =>
    row
      .map(({ text, paint }, column) => {
        const last = column === row.length - 1;
        const padding = last ? "" : " ".repeat((widths[column] ?? 0) - text.length + 2);
        return (paint === undefined ? text : paint(text)) + padding;
      })
      .join("")
      .trimEnd();
  return [line(head.map((text) => ({ text, paint: paintHead }))), ...cells.map(line)];
}
