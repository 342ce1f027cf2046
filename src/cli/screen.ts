const altScreen = { enter: "\x1b[?1049h\x1b[?25l", leave: "\x1b[?25h\x1b[?1049l" } as const;

/** Where the terminal does not tell its size. */
const usual = { columns: 80, rows: 24 } as const;

/** q, Escape, Ctrl-C, Ctrl-D: in raw mode the terminal sends no signals. */
const quitKeys = new Set(["q", "Q", "\x1b", "\x03", "\x04"]);

/** The whole terminal, redrawn in place. `leave` puts back what was there, also when the process just exits. */
export interface Screen {
  readonly columns: number;
  draw(lines: readonly string[]): void;
  leave(): void;
}

export interface ScreenOptions {
  onQuit(): void;
  onResize(): void;
}

export function openScreen({ onQuit, onResize }: ScreenOptions): Screen {
  const { stdin, stdout } = process;
  const onKey = (keys: Buffer) => {
    if (quitKeys.has(keys.toString())) onQuit();
  };
  const keyboard = stdin.isTTY;
  if (keyboard) {
    stdin.setRawMode(true);
    stdin.on("data", onKey);
  }
  stdout.on("resize", onResize);
  stdout.write(altScreen.enter);
  let open = true;
  const leave = () => {
    if (!open) return;
    open = false;
    stdout.off("resize", onResize);
    stdout.write(altScreen.leave);
    if (!keyboard) return;
    stdin.off("data", onKey);
    stdin.setRawMode(false);
    stdin.pause();
  };
  process.once("exit", leave);
  return {
    get columns() {
      return stdout.columns || usual.columns;
    },
    draw(lines) {
      if (!open) return;
      // Erased first: behind a line of full width, the cursor still stands on its last character.
      const shown = lines.slice(0, (stdout.rows || usual.rows) - 1).map((line) => `\x1b[2K${line}\r\n`);
      stdout.write(`\x1b[H${shown.join("")}\x1b[J`);
    },
    leave,
  };
}
