// Values of input types, as JSON and as GraphQL text: plain ones, odd ones of the right type, and
// wrong ones.

import { isEnumType, isInputObjectType, isListType, isNonNullType, getNullableType } from "graphql";

const TEXTS = {
  plain: ["a", "task-7", "refund.suspected", "Ада", "two words"],
  odd: [
    // What a database of texts can't hold comes first, and oftener than the rest.
    "a\0b", "a\0b", "a\0b", "\0", "", " ", "\u0001\u007f", "\n\t\r", "\u202e\u200b\ufeff", "𝕏😀", "x".repeat(5_000), "я".repeat(300),
    "'; DROP TABLE account; --", '" OR 1=1', "%s%n%x", "${7*7}", "{{7*7}}", "../../etc/hosts", "<script>alert(1)</script>",
    "\\", "\"\"\"", "$v0", "null", "true", "0",
  ],
  wrong: [1, true, 1.5, {}, ["a"]],
};

const SCALARS = {
  String: TEXTS,
  ID: { ...TEXTS, odd: [...TEXTS.odd, 0, -1, 2_147_483_647], wrong: [true, 1.5, {}] },
  Int: { plain: [1, 2, 3, 5], odd: [0, -1, 100, 101, 500, 2_147_483_647, -2_147_483_648], wrong: [2_147_483_648, 1.5, "1", true, {}] },
  Float: { plain: [0.5], odd: [0, -0.5, 1e308], wrong: ["1", true] },
  Boolean: { plain: [true, false], odd: [true, false], wrong: [1, "true", {}] },
  Usd: {
    plain: ["0.01", "1", "2.5", "0.000000001"],
    odd: [
      "0", "-1", "-0", "9223372036.854775807", "9223372036.854775808", "-9223372036.854775808", "1e9", "NaN", "Infinity",
      "1_000", "+1", " 1", "1.", ".5", "٣", "0.0000000001", "9".repeat(400), "",
    ],
    wrong: [1, 0.1, true, {}],
  },
  DateTime: {
    plain: ["2026-01-01T00:00:00Z", "2026-11-01T12:30:00.123456Z"],
    odd: [
      "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:60Z", "2026-02-30T00:00:00Z",
      "+275760-09-13T00:00:00Z", "-262144-01-01T00:00:00Z", "1970-01-01T00:00:00.0000000000001Z", "2026-01-01T00:00:00+99:99",
      "1583-01-01T00:00:00Z", "yesterday", "",
    ],
    wrong: [0, 1_700_000_000, true, {}],
  },
  ProviderKey: { plain: ["0123456789abcdef0123456789abcdef", "made up"], odd: TEXTS.odd, wrong: [1, true, {}] },
};

// What a value looks like inside a document.
export function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (value instanceof Name) return value.name;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, each]) => `${name}: ${literal(each)}`).join(", ")}}`;
}

// A value of an enum: a name in a document, text in JSON.
class Name {
  constructor(name) {
    this.name = name;
  }

  toJSON() {
    return this.name;
  }
}

export class Values {
  // `oddity` and `wrongness` are shares of the scalars; `known` has ids and cursors that exist.
  constructor(draw, { oddity, wrongness, known }) {
    Object.assign(this, { draw, oddity, wrongness, known, isPlain: true });
  }

  // A value for the argument or input field.
  of({ name, type }) {
    const nullable = getNullableType(type);
    if (isNonNullType(type) ? this.draw.chance(this.wrongness / 2) : this.draw.chance(0.05)) return null;
    if (isListType(nullable)) return this.list(name, nullable.ofType);
    if (isEnumType(nullable)) return this.name(nullable);
    if (isInputObjectType(nullable)) return this.object(nullable);
    return this.scalar(name, nullable.name);
  }

  list(name, type) {
    if (this.draw.chance(this.oddity / 3)) {
      this.isPlain = false;
      return Array.from({ length: 150 }, () => this.of({ name, type }));
    }
    return Array.from({ length: this.draw.below(4) }, () => this.of({ name, type }));
  }

  name(type) {
    if (this.draw.chance(this.wrongness)) return new Name("NO_SUCH_NAME");
    return new Name(this.draw.pick(type.getValues()).name);
  }

  object(type) {
    let fields = Object.values(type.getFields());
    const isRequired = (field) => isNonNullType(field.type) && field.defaultValue === undefined;
    if (type.isOneOf && !this.draw.chance(this.wrongness)) {
      const field = this.draw.pick(fields);
      return { [field.name]: this.of(field) ?? "x" };
    }
    fields = fields.filter((field) => isRequired(field) || this.draw.chance(0.4));
    if (this.draw.chance(this.wrongness)) fields = fields.slice(1);
    const object = Object.fromEntries(fields.map((field) => [field.name, this.of(field)]));
    if (this.draw.chance(this.wrongness / 2)) object.noSuchField = 1;
    return object;
  }

  scalar(name, type) {
    if (this.draw.chance(this.wrongness)) return this.draw.pick(SCALARS[type].wrong);
    if (this.draw.chance(this.oddity)) {
      this.isPlain = false;
      return this.draw.pick(SCALARS[type].odd);
    }
    const known = type === "ID" ? this.known.ids : ["after", "before"].includes(name) ? this.known.cursors : [];
    if (known.length > 0 && this.draw.chance(0.8)) return this.draw.pick(known);
    return this.draw.pick(SCALARS[type].plain);
  }
}
