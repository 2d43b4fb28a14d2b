import { createPaint, cut, type Paint } from "../cli/render/text.ts";
import type { Terminal } from "../cli/terminal.ts";

/** A line that lives: what it says now, and a clock that runs on without being news. */
export interface Row {
  readonly key: string;
  readonly text: string;
  /** Seconds, shown behind the text in a terminal only. */
  readonly clock?: string;
}

/** Shows rows that change: drawn over themselves in a terminal, one line for each change elsewhere. */
export class Display {
  readonly #terminal: Terminal;
  readonly paint: Paint;
  #drawn = 0;
  #frame = "";
  #before: ReadonlyMap<string, string> = new Map();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.paint = createPaint(terminal.colours);
  }

  /** Says something that stays; rows that were drawn stay above it as they are. */
  say(text = ""): void {
    this.#drawn = 0;
    this.#frame = "";
    this.#terminal.out(`${text}\n`);
  }

  show(rows: readonly Row[]): void {
    if (this.#terminal.live) this.#redraw(rows);
    else
      for (const { key, text } of rows) if (this.#before.get(key) !== text) this.#terminal.out(`${text}\n`);
    this.#before = new Map(rows.map(({ key, text }) => [key, text]));
  }

  /** The rows that follow are others. */
  next(): void {
    this.#drawn = 0;
    this.#frame = "";
    this.#before = new Map();
  }

  #redraw(rows: readonly Row[]): void {
    const { columns, rows: height } = this.#terminal.size();
    const lines = rows.slice(-(height - 1)).map(({ text, clock }) => {
      const line = clock === undefined ? text : `${text}  ${clock}`;
      // A line that wraps would be drawn over wrongly.
      return cut(line, columns - 1);
    });
    const frame = lines.join("\n");
    if (frame === this.#frame) return;
    this.#frame = frame;
    const up = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}F\u001b[J`;
    this.#terminal.out(`${up}${frame}\n`);
    this.#drawn = lines.length;
  }
}
