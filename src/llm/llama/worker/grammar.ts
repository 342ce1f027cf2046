import type { GbnfJsonSchema, Llama, LlamaGrammar } from "node-llama-cpp";
import { AikoError } from "../../../errors.ts";
import type { OutputFormat } from "../../provider.ts";
import { toGrammarSchema } from "../schema.ts";

/** The engine's own signature infers a type from a schema that is written out. */
interface GrammarMaker {
  createGrammarForJsonSchema(schema: GbnfJsonSchema): Promise<LlamaGrammar>;
}

const mostKept = 32;

/** The engine's rules let a whole number have an exponent, which may make it a fraction, and ask for blank lines at the end. */
function exact(grammar: string): string {
  return grammar
    .replace(/^(integer-number-rule ::= .*?) \(\[eE\].*$/m, "$1")
    .replace(/^(root ::= .*) "\\n\\n\\n\\n" \[\\n\]\*$/m, "$1");
}

/** Grammars by the format they keep to. */
export class Grammars {
  readonly #llama: Llama;
  readonly #known = new Map<string, LlamaGrammar>();

  constructor(llama: Llama) {
    this.#llama = llama;
  }

  /** Throws UNSUPPORTED for what a grammar cannot say. */
  async of(format: OutputFormat | undefined): Promise<LlamaGrammar | undefined> {
    if (format === undefined) return undefined;
    const key = JSON.stringify(format);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const grammar = await this.#make(format);
    if (this.#known.size >= mostKept) this.#known.delete(this.#known.keys().next().value ?? "");
    this.#known.set(key, grammar);
    return grammar;
  }

  async #make(format: OutputFormat): Promise<LlamaGrammar> {
    if (format === "json") return await this.#llama.getGrammarFor("json");
    const schema = toGrammarSchema(format);
    const maker: GrammarMaker = this.#llama;
    try {
      const { grammar } = await maker.createGrammarForJsonSchema(schema);
      return await this.#llama.createGrammar({ grammar: exact(grammar) });
    } catch (cause) {
      throw new AikoError("UNSUPPORTED", { message: "No grammar can be made of this JSON schema", cause });
    }
  }
}
