import assert from "node:assert/strict";
import { test } from "node:test";

import { buildSchema } from "graphql";

import { breaking, differences, members } from "./compatibility.mjs";

const RELEASED = `
  type Query { old(size: Int @deprecated(reason: "Leaves from 2026-03-01.")): Int kept: Kind
    leaving: Int @deprecated(reason: "Use kept; leaves from 2026-03-01.") vague: Int @deprecated(reason: "Use kept.") }
  enum Kind { ONE TWO @deprecated(reason: "Leaves from 2026-03-01.") }`;

const broken = (change, day = "2026-06-01") =>
  breaking(buildSchema(RELEASED), buildSchema(change(RELEASED)), day);

test("a change that breaks nobody is allowed", () => {
  assert.deepEqual(broken((text) => text), []);
  assert.deepEqual(broken((text) => text.replace("kept: Kind", "kept: Kind! more: Int")), []);
});

test("what breaks clients is refused", () => {
  assert.deepEqual(broken((text) => text.replace("kept: Kind", "")), ["Query.kept was removed."]);
  assert.equal(broken((text) => text.replace("ONE TWO", "TWO")).length, 1);
  assert.equal(broken((text) => text.replace("kept: Kind", "kept(size: Int!): Kind")).length, 1);
});

test("a deprecated member may go on its day and not before", () => {
  const going = [/leaving: Int @deprecated\([^)]*\)/, /size: Int @deprecated\([^)]*\)/, /TWO @deprecated\([^)]*\)/];
  for (const what of going) {
    const gone = (text) => text.replace("(" + what.exec(text)[0] + ")", "").replace(what, "");
    assert.deepEqual(broken(gone), [], String(what));
    assert.equal(broken(gone, "2026-02-28").length, 1, String(what));
  }
});

test("a deprecation without a day lets nothing go", () => {
  assert.deepEqual(broken((text) => text.replace(/vague: Int @deprecated\([^)]*\)/, "")), ["Query.vague was removed."]);
});

test("a difference is seen from both sides", () => {
  const more = buildSchema(RELEASED.replace("ONE", "ONE ZERO"));
  assert.equal(differences(buildSchema(RELEASED), buildSchema(RELEASED)).length, 0);
  assert.equal(differences(buildSchema(RELEASED), more).length, 2);
  assert.equal(differences(more, buildSchema(RELEASED)).length, 2);
});

test("every member has a name", () => {
  const names = [...members(buildSchema(RELEASED))].map(({ name }) => name);
  assert.deepEqual(names, [
    "Query", "Query.old", "Query.old(size:)", "Query.kept", "Query.leaving", "Query.vague", "Kind", "Kind.ONE", "Kind.TWO",
  ]);
});
