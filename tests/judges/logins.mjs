// Logins that Telegram did not sign and we did not either: by two third-party signers.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { sign, validate } from "@tma.js/init-data-node";

import { ask, judge, stage } from "./stage.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const python = process.env.JUDGES_PYTHON;
const HOUR = 3_600_000;
const ago = (milliseconds) => new Date(Date.now() - milliseconds);
// An id beyond 32 bits; letters of several scripts, and signs that the encoding has a use for.
const USER = { id: 7_000_000_123, first_name: "Ада & Bö=b", last_name: "+ 100% 😀", username: "ada", language_code: "ru" };

const OTHER_BOT = "1234567890:another-bot-made-up-here";

// The token goes in by standard input, the rest as words.
const byPython = (botToken, ...words) =>
  execFileSync(python, [join(here, "sign.py"), ...words], { input: botToken, encoding: "utf8" }).trim();

const SIGNERS = {
  "@tma.js/init-data-node": {
    // What Telegram sends besides stays in the signed text, whatever it is.
    sign: (user, at, botToken = stage.botToken) =>
      sign({ query_id: "AAF", user, chat_type: "private", start_param: "a_b", signature: "x-y_z" }, botToken, at),
    accepts: (initData) => validate(initData, stage.botToken),
  },
  "init-data-py": {
    sign: (user, at, botToken = stage.botToken) =>
      byPython(botToken, "sign", JSON.stringify(user), String(Math.floor(at / 1000))),
    accepts: (initData) => byPython(stage.botToken, "validate", initData),
  },
};

async function login(initData) {
  const { status, body } = await ask(`tma ${initData}`, "{ viewer { telegramUserId } }");
  return body.errors ? `${status} ${body.errors[0].extensions.code}` : body.data.viewer.telegramUserId;
}

const changed = (initData, name, change) => {
  const pairs = new URLSearchParams(initData);
  pairs.set(name, change(pairs.get(name)));
  return pairs.toString();
};

async function hear({ sign, accepts }) {
  const good = sign(USER, ago(0));
  const refused = "401 UNAUTHENTICATED";
  const nextDigit = (hash) => hash.slice(0, -1) + ((Number.parseInt(hash.at(-1), 16) + 1) % 16).toString(16);
  const expectations = [
    [good, String(USER.id)],
    [sign(USER, ago(23 * HOUR)), String(USER.id)],
    [sign(USER, ago(25 * HOUR)), "401 LOGIN_EXPIRED"],
    [sign(USER, ago(-HOUR)), refused],
    [sign(USER, ago(0), OTHER_BOT), refused],
    [changed(good, "user", (text) => text.replace("7000000123", "7000000124")), refused],
    [changed(good, "auth_date", (seconds) => String(Number(seconds) - 1)), refused],
    [changed(good, "hash", nextDigit), refused],
    [changed(sign(USER, ago(25 * HOUR)), "auth_date", () => String(Math.floor(Date.now() / 1000))), refused],
    [`${good}&start_param=added`, refused],
  ];
  for (const [number, [initData, expected]] of expectations.entries()) {
    assert.equal(await login(initData), expected, `expectation ${number}`);
  }
  accepts(stage.owner.slice("tma ".length));
  return expectations.length;
}

await judge("logins", async () => {
  const heard = [];
  for (const [name, signer] of Object.entries(SIGNERS)) heard.push(`${await hear(signer)} by ${name}`);
  return `${heard.join(", ")}; both accept ours`;
});
