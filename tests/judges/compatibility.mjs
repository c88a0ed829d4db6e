// What of a released schema may still change, and what not any more.
//
// A change that breaks clients is refused, unless it takes away a member that the released schema
// deprecates "from YYYY-MM-DD", on that day or later.

import {
  findBreakingChanges, findDangerousChanges, isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType,
  isObjectType, isSpecifiedScalarType, specifiedDirectives,
} from "graphql";

const LEAVES = /\bfrom (\d{4}-\d{2}-\d{2})\b/;

// Everything of a schema that has a name: the name, its definition, and how graphql-js tells its
// removal.
export function* members(schema) {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    yield { name: type.name, member: type, removal: `${type.name} was removed.` };
    if (isEnumType(type)) {
      for (const value of type.getValues()) {
        const removal = `${value.name} was removed from enum type ${type.name}.`;
        yield { name: `${type.name}.${value.name}`, member: value, removal };
      }
    }
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const name = `${type.name}.${field.name}`;
      yield { name, member: field, removal: `${name} was removed.` };
      for (const argument of field.args ?? []) {
        yield { name: `${name}(${argument.name}:)`, member: argument, removal: `${name} arg ${argument.name} was removed.` };
      }
    }
  }
}

// The directives of the specification are no part of our schema: each edition has its own places
// for them, and a text that does not use one leaves it to whoever reads it.
function ours({ type, description }) {
  const isOfTheSpecification = specifiedDirectives.some(({ name }) => description.endsWith(` from ${name}.`));
  return !type.startsWith("DIRECTIVE_") || !isOfTheSpecification;
}

const told = (changes) => changes.filter(ours).map(({ description }) => description);

// Every difference that a client could notice, in both directions.
export const differences = (one, other) =>
  [[one, other], [other, one]].flatMap((pair) => told([...findBreakingChanges(...pair), ...findDangerousChanges(...pair)]));

// What breaks clients of the released schema on the day given.
export function breaking(released, current, day) {
  const due = [...members(released)].filter(({ member }) => {
    const leaves = LEAVES.exec(member.deprecationReason ?? "")?.[1];
    return leaves !== undefined && leaves <= day;
  });
  const removals = new Set(due.map(({ removal }) => removal));
  return told(findBreakingChanges(released, current)).filter((change) => !removals.has(change));
}
