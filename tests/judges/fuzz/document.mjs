// Random operations that fit the schema.

import { getNamedType, isAbstractType, isCompositeType, isNonNullType } from "graphql";

import { literal } from "./values.mjs";

const DEPTH_MAX = 4;

export class Document {
  constructor(schema, draw, values) {
    Object.assign(this, { schema, draw, values, definitions: [], variables: {}, fragments: [], aliases: 0 });
  }

  // An operation with one to three of the root fields named, and what else it needs.
  operation(kind, names) {
    const root = kind === "mutation" ? this.schema.getMutationType() : this.schema.getQueryType();
    const used = new Map();
    const chosen = this.draw.some(names, 1 + this.draw.below(3));
    this.roots = chosen;
    const fields = chosen.map((name) => this.field(root.getFields()[name], DEPTH_MAX, used));
    const definitions = this.definitions.length > 0 ? `(${this.definitions.join(", ")})` : "";
    return [`${kind} Drawn${definitions} { ${fields.join(" ")} }`, ...this.fragments].join("\n");
  }

  field(field, depth, used) {
    const given = this.arguments(field).map(([name, text]) => `${name}: ${text}`);
    const shown = given.length > 0 ? `${field.name}(${given.join(", ")})` : field.name;
    const type = getNamedType(field.type);
    const below = isCompositeType(type) ? ` { ${this.selection(type, depth - 1)} }` : "";
    return this.alias(field, used) + shown + this.directive() + below;
  }

  // Two fields under one name have to be the same field with the same arguments.
  alias({ name }, used) {
    const isNew = !used.has(name);
    used.set(name, true);
    if (isNew && !this.draw.chance(0.1)) return "";
    this.aliases += 1;
    return `a${this.aliases}: `;
  }

  arguments(field) {
    const isRequired = ({ type, defaultValue }) => isNonNullType(type) && defaultValue === undefined;
    const isPage = field.args.some(({ name }) => name === "first");
    const size = isPage ? this.draw.pick(["first", "first", "last"]) : null;
    const chosen = field.args.filter((argument) => {
      if (["first", "last"].includes(argument.name)) return argument.name === size;
      return isRequired(argument) || this.draw.chance(0.3);
    });
    return chosen.map((argument) => [argument.name, this.argument(argument)]);
  }

  argument(argument) {
    const value = this.values.of(argument);
    return this.draw.chance(0.4) ? this.variable(this.declared(argument, value), value) : literal(value);
  }

  // The argument's type, or another that may stand there: a stricter one, or one without the "!"
  // that the argument's default makes up for.
  declared({ type, defaultValue }, value) {
    if (value === null || this.draw.chance(0.6)) return type;
    if (!isNonNullType(type)) return `${type}!`;
    return defaultValue === undefined ? type : type.ofType;
  }

  variable(type, value) {
    const name = `v${this.definitions.length}`;
    this.definitions.push(`$${name}: ${type}`);
    this.variables[name] = value;
    return `$${name}`;
  }

  directive() {
    if (!this.draw.chance(0.05)) return "";
    const condition = this.draw.chance(0.5) ? this.variable("Boolean!", this.draw.chance(0.5)) : "true";
    return ` @${this.draw.pick(["include", "skip"])}(if: ${condition})`;
  }

  selection(type, depth, used = new Map()) {
    if (isAbstractType(type)) return this.cases(type, depth, used);
    const isLeaf = (field) => !isCompositeType(getNamedType(field.type));
    const all = Object.values(type.getFields());
    const fields = depth > 0 ? all : all.filter(isLeaf);
    const chosen = this.draw.some(fields, 1 + this.draw.below(4)).map((field) => this.field(field, depth, used));
    return ["__typename", ...chosen].slice(chosen.length > 0 ? this.draw.below(2) : 0).join(" ");
  }

  // Fields of some types of an interface, inline or by name.
  cases(type, depth, used) {
    const types = this.draw.some([...this.schema.getPossibleTypes(type)], 1 + this.draw.below(3));
    const parts = types.map((each) => {
      const body = `on ${each} { ${this.selection(each, depth - 1, used)} }`;
      if (this.draw.chance(0.7)) return `... ${body}`;
      const name = `F${this.fragments.length}`;
      this.fragments.push(`fragment ${name} ${body}`);
      return `...${name}`;
    });
    return ["__typename", ...parts].join(" ");
  }
}
