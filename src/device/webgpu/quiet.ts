import { type Koffi, loadFfi } from "../../core/ffi.ts";

const WRITE_ONLY = 1;
const STDERR = 2;

/**
 * Dawn writes two warnings to stderr whenever it looks at a driver that has no limit on dynamic bindings (Mesa's
 * lavapipe), and has no switch for it. Returns a way to run a synchronous call with stderr closed.
 */
export async function quietly(): Promise<<T>(action: () => T) => T> {
  if (process.platform === "win32") return (action) => action();
  return redirect(await loadFfi());
}

function redirect(koffi: Koffi): <T>(action: () => T) => T {
  const libc = koffi.load(null);
  const open = libc.func("open", "int", ["str", "int"]);
  const dup = libc.func("dup", "int", ["int"]);
  const dup2 = libc.func("dup2", "int", ["int", "int"]);
  const close = libc.func("close", "int", ["int"]);
  return (action) => {
    const nowhere: number = open("/dev/null", WRITE_ONLY);
    const stderr: number = dup(STDERR);
    if (nowhere < 0 || stderr < 0) return action();
    dup2(nowhere, STDERR);
    try {
      return action();
    } finally {
      dup2(stderr, STDERR);
      close(stderr);
      close(nowhere);
    }
  };
}
