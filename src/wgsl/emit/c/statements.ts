import type { Block, Expression, Statement, Variable } from "../../ir.ts";
import { someStatement } from "../../walk.ts";
import { callText } from "./expressions.ts";
import { literal, zero } from "./literals.ts";
import { isCounted } from "./loops.ts";
import { combine } from "./operators.ts";
import { elementAt, keepsValue, load, memberPlace, type Place, place, settle, storeText } from "./places.ts";
import { hasPadding } from "./types.ts";
import { isImpure, type Writer } from "./writer.ts";

/** Where `continue` goes: C's own, or a label before the continuing part. */
interface Loop {
  readonly label: string | undefined;
  used: boolean;
}

export class StatementEmitter {
  readonly #writer: Writer;
  #loop: Loop = { label: undefined, used: false };

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  block(block: Block): void {
    this.#writer.line("{");
    this.inside(block);
    this.#writer.line("}");
  }

  inside(block: Block): void {
    for (const statement of block.statements) this.statement(statement);
  }

  statement(statement: Statement): void {
    const writer = this.#writer;
    switch (statement.kind) {
      case "block":
        this.block(statement);
        return;
      case "var":
        this.#declare(statement.variable);
        return;
      case "let": {
        const { value: name, initializer } = statement;
        if (name.type.kind === "pointer") writer.pointerRoots.set(name, initializer);
        const text = writer.value(initializer);
        writer.declare(writer.types.value(name.type), writer.name(name), text);
        return;
      }
      case "assign":
        this.#assign(statement);
        return;
      case "evaluate":
        this.#evaluate(statement.expression);
        return;
      case "if":
        this.#if(statement);
        return;
      case "switch":
        this.#switch(statement);
        return;
      case "loop":
        this.#loopStatement(statement);
        return;
      case "for":
        this.#for(statement);
        return;
      case "break":
        writer.line("break;");
        return;
      case "continue":
        this.#loop.used = true;
        writer.line(this.#loop.label === undefined ? "continue;" : `goto ${this.#loop.label};`);
        return;
      case "return":
        writer.line(statement.value === undefined ? "return;" : `return ${writer.value(statement.value)};`);
        return;
    }
  }

  #declare(variable: Variable): void {
    const writer = this.#writer;
    const { type, initializer } = variable;
    const text = initializer === undefined ? undefined : writer.value(initializer);
    const name = writer.name(variable);
    if (keepsValue(writer.types, type)) {
      const t = writer.types.value(type);
      writer.declare(t, name, text ?? writer.dialect.construct(t, ["0"]));
      return;
    }
    writer.declare(
      writer.types.memory(type),
      name,
      text === undefined || writer.types.isHalf(type) ? zero(writer.types, type) : text,
    );
    if (text === undefined || !writer.types.isHalf(type)) return;
    const pointer = type.kind === "vector" && type.size === 3;
    writer.line(
      `${storeText(writer, { text: pointer ? `${name}.e` : name, type, space: "function", readOnly: false }, text)};`,
    );
  }

  #assign(statement: Statement & { kind: "assign" }): void {
    const writer = this.#writer;
    const impure = isImpure(statement.value);
    let target = place(writer, statement.target);
    if (impure) target = settle(writer, target);
    if (statement.operator === undefined) {
      this.#store(target, writer.value(statement.value));
      return;
    }
    if (!target.plain && !/^[\w.()*]+$/.test(target.text)) target = settle(writer, target);
    const { type } = target;
    const left = impure ? writer.spill(type, load(writer, target)) : load(writer, target);
    const right = writer.value(statement.value);
    const constantRight = statement.value.kind === "constant";
    this.#store(
      target,
      combine(writer, statement.operator, type, left, statement.value.type, right, type, constantRight),
    );
  }

  #store(target: Place, text: string): void {
    const writer = this.#writer;
    if (target.boolLane) writer.line(`${target.text} = -(int)(${text});`);
    else if (target.space === "storage" && hasPadding(target.type)) {
      writer.line(`${this.#partwise(target)}(&${target.text}, ${text});`);
    } else writer.line(`${storeText(writer, target, text)};`);
  }

  /** Padding between parts belongs to nobody: shared memory keeps what it holds there. */
  #partwise(target: Place): string {
    const writer = this.#writer;
    return writer.helpers.store(target.type, writer.dialect.space("storage"), (to, from) => {
      const lines: string[] = [];
      const copy = (destination: Place, source: Place): void => {
        const { type } = destination;
        if (type.kind === "struct") {
          type.members.forEach((_, index) => {
            copy(memberPlace(destination, type, index), memberPlace(source, type, index));
          });
        } else if (type.kind === "array" || (type.kind === "matrix" && type.rows === 3)) {
          const count = type.kind === "matrix" ? type.columns : Number(type.count);
          for (let index = 0; index < count; index++) {
            copy(elementAt(writer, destination, index), elementAt(writer, source, index));
          }
        } else lines.push(`${storeText(writer, destination, load(writer, source))};`);
      };
      copy({ ...target, text: to }, { text: from, type: target.type, space: "function", readOnly: true });
      return lines;
    });
  }

  #evaluate(expression: Expression): void {
    const writer = this.#writer;
    if (expression.kind === "call") {
      writer.line(`${callText(writer, expression)};`);
      return;
    }
    if (expression.kind === "builtin" && (expression.type.kind === "void" || isImpure(expression))) {
      const text = writer.value(expression);
      if (!/^t\d+$/.test(text)) writer.line(`${text};`);
      return;
    }
    if (isImpure(expression)) writer.operands([expression]);
  }

  #if(statement: Statement & { kind: "if" }): void {
    const writer = this.#writer;
    writer.line(`if (${writer.value(statement.condition)}) {`);
    this.inside(statement.consequent);
    if (statement.alternate !== undefined) {
      writer.line("} else {");
      if (statement.alternate.kind === "block") this.inside(statement.alternate);
      else this.statement(statement.alternate);
    }
    writer.line("}");
  }

  #switch(statement: Statement & { kind: "switch" }): void {
    const writer = this.#writer;
    writer.line(`switch (${writer.value(statement.selector)}) {`);
    for (const item of statement.cases) {
      for (const selector of item.selectors) {
        writer.line(
          selector === undefined
            ? "default:"
            : `case ${literal(writer.types, selector.type, selector.data)}:`,
        );
      }
      writer.line("{");
      this.inside(item.body);
      writer.line("break;");
      writer.line("}");
    }
    writer.line("}");
  }

  #body(label: string | undefined, body: Block, poll: boolean): Loop {
    const outer = this.#loop;
    const own: Loop = { label, used: false };
    this.#loop = own;
    if (poll && this.#writer.unit.options.watchdog) this.#writer.line(this.#writer.dialect.watchdog.poll);
    this.inside(body);
    this.#loop = outer;
    return own;
  }

  #loopStatement(statement: Statement & { kind: "loop" }): void {
    const writer = this.#writer;
    const plain = statement.continuing === undefined && statement.breakIf === undefined;
    writer.line("for (;;) {");
    const outer = writer.passedByJumps;
    if (!plain && !writer.dialect.jumpsOverDeclarations && mayContinue(statement.body))
      writer.passedByJumps = true;
    const loop = this.#body(plain ? undefined : writer.label(), statement.body, !isCounted(statement));
    writer.passedByJumps = outer;
    if (loop.used && loop.label !== undefined) writer.line(`${loop.label}:;`);
    if (statement.continuing !== undefined) this.inside(statement.continuing);
    if (statement.breakIf !== undefined) writer.line(`if (${writer.value(statement.breakIf)}) break;`);
    writer.line("}");
  }

  #for(statement: Statement & { kind: "for" }): void {
    const writer = this.#writer;
    writer.line("{");
    if (statement.initializer !== undefined) this.statement(statement.initializer);
    let condition = "";
    const conditionLines = writer.capture(() => {
      condition = statement.condition === undefined ? "" : writer.value(statement.condition);
    });
    const update = writer.capture(() => {
      if (statement.update !== undefined) this.statement(statement.update);
    });
    const poll = !isCounted(statement);
    if (conditionLines.length === 0 && update.length <= 1) {
      writer.line(`for (; ${condition}; ${(update[0] ?? "").replace(/;$/, "")}) {`);
      this.#body(undefined, statement.body, poll);
    } else {
      writer.line("for (;;) {");
      writer.lines(conditionLines);
      if (condition !== "") writer.line(`if (!(${condition})) break;`);
      const loop = this.#body(writer.label(), { kind: "block", statements: [statement.body] }, poll);
      if (loop.used) writer.line(`${loop.label}:;`);
      writer.lines(update);
    }
    writer.line("}");
    writer.line("}");
  }
}

function mayContinue(body: Block): boolean {
  return someStatement(body, (statement) => statement.kind === "continue");
}
