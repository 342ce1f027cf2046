import { isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { AikoError } from "../../errors.ts";

/** Where an Ollama server listens. */
export interface OllamaHost {
  readonly isSecure: boolean;
  /** Without the brackets of IPv6. */
  readonly name: string;
  readonly port: number;
  /** What stands before "/api"; empty, or "/path". */
  readonly path: string;
  /** "user:password", where the address has them. */
  readonly auth: string | undefined;
  /** For people, without the password: "http://127.0.0.1:11434". */
  readonly text: string;
}

const address = /^(?:(https?):\/\/)?(?:([^@/]*)@)?(\[[^\]]*\]|[^/?#]*?)(?::(\d{1,5}))?(\/[^?#]*)?$/i;

/**
 * Reads an address as Ollama reads OLLAMA_HOST: scheme and port may be left out (http, 11434; 80 and 443 behind a scheme), what
 * means "every address" is this machine. Throws INVALID_ARGUMENT.
 */
export function ollamaHost(input: string | undefined): OllamaHost {
  const text = (input ?? "").trim().replace(/^["']|["']$/g, "");
  if (isIPv6(text)) return hostOf(undefined, undefined, text, undefined, undefined);
  const match = address.exec(text);
  if (match === null) throw notAnAddress(input);
  const [, scheme, auth, rawName = "", rawPort, path] = match;
  const isLiteral = rawName.startsWith("[");
  const name = isLiteral ? rawName.slice(1, -1) : domainToASCII(rawName);
  const isName = isLiteral ? isIPv6(name) : rawName === "" || /^[\w.-]+$/.test(name);
  const port = rawPort === undefined ? undefined : Number(rawPort);
  if (!isName || (port !== undefined && (port < 1 || port > 65_535))) throw notAnAddress(input);
  return hostOf(scheme?.toLowerCase(), auth, name, port, path);
}

function hostOf(
  scheme: string | undefined,
  auth: string | undefined,
  name: string,
  port: number | undefined,
  path: string | undefined,
): OllamaHost {
  const isSecure = scheme === "https";
  const connectable = name === "" || name === "0.0.0.0" ? "127.0.0.1" : name === "::" ? "::1" : name;
  const usual = scheme === undefined ? 11_434 : isSecure ? 443 : 80;
  const prefix = encodeURI((path ?? "").replace(/\/+$/, "")).replaceAll("%25", "%");
  const shown = isIPv6(connectable) ? `[${connectable}]` : connectable;
  return {
    isSecure,
    name: connectable,
    port: port ?? usual,
    path: prefix,
    auth: auth === undefined || auth === "" ? undefined : decoded(auth),
    text: `${isSecure ? "https" : "http"}://${shown}:${port ?? usual}${prefix}`,
  };
}

function decoded(auth: string): string {
  try {
    return decodeURIComponent(auth);
  } catch {
    return auth;
  }
}

function notAnAddress(input: string | undefined): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${JSON.stringify(input)} is not the address of an Ollama server`,
    hint: 'OLLAMA_HOST and `host` are "HOST", "HOST:PORT" or "http://HOST:PORT/PATH"; IPv6 in brackets: "[::1]:11434".',
  });
}
