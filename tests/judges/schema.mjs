// The schema that the server tells: the committed one, compatible with the released one, described.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import {
  buildClientSchema, buildSchema, getIntrospectionQuery, isScalarType, isSpecifiedScalarType, lexicographicSortSchema,
  printSchema, validateSchema,
} from "graphql";

import { breaking, differences, members } from "./compatibility.mjs";
import { data, judge, root, schemaText, stage } from "./stage.mjs";

const INTROSPECTION = getIntrospectionQuery({ specifiedByUrl: true, inputValueDeprecation: true, oneOf: true });
// Begins with a capital or a figure and ends with one full stop.
const SENTENCE = /^[A-Z0-9][^]*[^.\s][.]$/;

const printed = (schema) => printSchema(lexicographicSortSchema(schema));

function assertDescribed(schema) {
  const all = [...members(schema)];
  const wordless = all.filter(({ member }) => !SENTENCE.test(member.description ?? ""));
  assert.deepEqual(wordless.map(({ name }) => name), [], "without a sentence");
  const isOurs = (type) => isScalarType(type) && !isSpecifiedScalarType(type);
  const scalars = Object.values(schema.getTypeMap()).filter(isOurs);
  assert.deepEqual(scalars.filter((type) => !type.specifiedByURL).map(String), [], "without specifiedBy");
  return `${all.length} members described, ${scalars.length} scalars specified`;
}

await judge("schema", async () => {
  const committed = buildSchema(schemaText());
  assert.deepEqual(validateSchema(committed), []);
  const served = buildClientSchema(await data(stage.operator, INTROSPECTION));
  assert.deepEqual(differences(committed, served), [], "served and committed schema differ");
  // Changes of descriptions break nobody, and are differences all the same.
  assert.equal(printed(served), printed(committed), "served and committed texts differ");
  const described = assertDescribed(served);
  const released = buildSchema(readFileSync(join(root, "schema.released.graphql"), "utf8"));
  const day = new Date().toISOString().slice(0, 10);
  assert.deepEqual(breaking(released, committed, day), [], "breaking since schema.released.graphql");
  return `served as committed, nothing released is broken, ${described}`;
});
