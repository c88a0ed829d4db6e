//! Replies of providers: whatever one says, it is an outcome, holds no key, and costs no more than
//! is believed.
//!
//! Five bytes say which provider is asked what: the provider, the call, the dispatcher's dialect, the
//! kind of task and the HTTP status. The rest is the body, in which three bytes that no text has
//! stand for the key: as it is, in capitals, and hidden behind escapes.

use std::sync::LazyLock;
use std::time::Duration;

use key_recycling::domain::attempt::{Dialect, REPLY_BYTES_MAX};
use key_recycling::domain::figure::BALANCE_MAX;
use key_recycling::domain::{CostSource, ProviderCode, Secret, TaskType, Usd};
use key_recycling::fuzzing::{Bench, Reply};
use key_recycling::providers::dialect::answer;
use key_recycling::providers::{Charge, CostFigure, Created, Ending, Polled, ProviderSettingsSet};
use serde_json::Value;

const KEY: &str = "MadeUpMadeUpMadeUpMadeUpMadeUp12";

const STATUSES: [u16; 8] = [200, 200, 400, 401, 403, 429, 500, 503];

/// How often the list price a cost may be.
const COST_FACTOR: i64 = 5;

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let mut settings = ProviderSettingsSet::default();
    settings.get_mut(ProviderCode::Multibot).nano_usd_per_token = Some(1_000_001);
    Bench::new(settings)
});

static KEY_SECRET: LazyLock<Secret> = LazyLock::new(|| KEY.into());

/// Looks at one input.
pub fn look(data: &[u8]) {
    let Some((&[provider, call, dialect, kind, status], body)) = data.split_first_chunk() else { return };
    let of = |byte: u8, all: usize| usize::from(byte) % all;
    let code = ProviderCode::ALL[of(provider, ProviderCode::ALL.len())];
    let body = with_keys(body);
    let asked = Asked {
        code,
        has_escapes: serde_json::from_slice::<Value>(&body).is_ok() && !body.windows(2).any(|pair| pair == br"\\"),
        dialect: if dialect % 2 == 0 { Dialect::Json } else { Dialect::Legacy },
        kind: TaskType::ALL[of(kind, TaskType::ALL.len())],
    };
    let status = STATUSES[of(status, STATUSES.len())];
    let reply = || Reply { status, body: body.clone(), retry_after: (status == 429).then_some(Duration::from_secs(7)) };
    match call % 4 {
        0 => asked.balance(reply()),
        1 => asked.created(reply()),
        2 => asked.polled(reply()),
        _ => asked.free_of_keys(&format!("{:?}", BENCH.reported(code, reply()))),
    }
}

/// The body with the key where its places are.
fn with_keys(body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(body.len());
    for byte in body {
        match byte {
            0xff => whole.extend_from_slice(KEY.as_bytes()),
            0xfe => whole.extend_from_slice(KEY.to_uppercase().as_bytes()),
            0xfd => KEY.bytes().for_each(|byte| whole.extend_from_slice(format!("\\u00{byte:02x}").as_bytes())),
            _ => whole.push(*byte),
        }
    }
    whole
}

/// What was asked, and whom.
struct Asked {
    code: ProviderCode,
    /// Whether a letter behind an escape is that letter to whoever reads the reply: in JSON, unless
    /// the backslash itself is escaped.
    has_escapes: bool,
    dialect: Dialect,
    kind: TaskType,
}

impl Asked {
    fn balance(&self, reply: Reply) {
        let read = BENCH.balance(self.code, &KEY_SECRET, reply);
        self.free_of_keys(&format!("{read:?}"));
        if let Ok(read) = read {
            assert!((Usd::ZERO..=BALANCE_MAX).contains(&read.balance), "{read:?}");
        }
    }

    fn created(&self, reply: Reply) {
        let (status, is_taken) = (reply.status, takes_a_task(&reply.body));
        let Some(created) = BENCH.created(self.code, &KEY_SECRET, self.dialect, self.kind, reply) else { return };
        self.free_of_keys(&format!("{created:?}"));
        match &created {
            Created::Submitted { task_id } => {
                assert!(!task_id.is_empty() && task_id.len() <= 128, "{task_id:?}");
                self.free_of_keys(&answer::json_created(self.code, task_id).body);
                self.free_of_keys(&answer::legacy_fine(true, task_id).body);
            }
            Created::Answered(ending) => self.ended(ending),
            // What may have cost money is never called free.
            Created::Refused(..) => assert!(!is_taken || status == 429, "a task that was taken counts as refused"),
            Created::NeverSent(_) => panic!("there was a reply"),
            Created::Unclear(_) => {}
        }
    }

    fn polled(&self, reply: Reply) {
        let Some(polled) = BENCH.polled(self.code, &KEY_SECRET, self.dialect, self.kind, reply) else { return };
        self.free_of_keys(&format!("{polled:?}"));
        if let Polled::Ended(ending) = &polled {
            self.ended(ending);
        }
    }

    fn ended(&self, ending: &Ending) {
        assert_eq!(ending.solved, ending.blame.is_none(), "{ending:?}");
        assert!(!ending.solved || ending.charge == Charge::Charged, "{ending:?}");
        if let CostFigure::Exact { cost, .. } = ending.cost {
            let info = BENCH.info(self.code);
            let price = info.tasks.iter().find(|offer| offer.task_type == self.kind).map(|offer| offer.list_price);
            let most = price.and_then(|price| price.checked_mul(COST_FACTOR)).unwrap_or(Usd::ZERO);
            assert!((Usd::ZERO..=most).contains(&cost), "{cost} where {most} is believed");
            assert_eq!(info.cost_source, CostSource::Reported);
        }
        assert!(ending.reply.len() <= REPLY_BYTES_MAX, "{} bytes", ending.reply.len());
        let told: Value = serde_json::from_str(&ending.reply).expect("a kept reply is JSON");
        assert!(told.is_object(), "{told}");
        self.texts_free_of_keys(&told);
        match self.dialect {
            Dialect::Json => {
                let told = answer::json_stored(self.code, &ending.reply);
                assert!(told.body == ending.reply && (200..600).contains(&told.status), "{told:?}");
            }
            Dialect::Legacy => {
                for (as_json, with_price) in [(false, false), (false, true), (true, false), (true, true)] {
                    let told = answer::legacy_stored(as_json, with_price, &ending.reply);
                    self.free_of_keys(&told.body);
                    assert!(!as_json || serde_json::from_str::<Value>(&told.body).is_ok(), "{told:?}");
                }
            }
        }
    }

    fn texts_free_of_keys(&self, told: &Value) {
        match told {
            Value::String(text) => self.free_of_keys(text),
            Value::Array(items) => items.iter().for_each(|item| self.texts_free_of_keys(item)),
            Value::Object(members) => members.iter().for_each(|(name, value)| {
                self.free_of_keys(name);
                self.texts_free_of_keys(value);
            }),
            _ => {}
        }
    }

    /// Looks for the key in any letter case, and behind escapes.
    fn free_of_keys(&self, text: &str) {
        let is_in = |text: &str| text.to_ascii_lowercase().contains(&KEY.to_ascii_lowercase());
        let is_behind = self.has_escapes && is_in(&without_escapes(text));
        assert!(!is_in(text) && !is_behind, "there is a key in {text}");
    }
}

/// Whether a reply of the JSON dialect says that a task was taken, as plainly as can be.
fn takes_a_task(body: &[u8]) -> bool {
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return false };
    let number = |name: &str| members.get(name).and_then(Value::as_u64);
    let is_over = members.get("status").is_some_and(|status| status == "failed");
    number("errorId") == Some(0) && number("taskId").is_some_and(|id| id > 0) && !is_over
}

/// The text with each `\u` and four digits, after however many backslashes, as the letter it stands for.
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        let (before, after) = rest.split_at(at);
        let letter = after.get(2..6).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        plain.push_str(before.trim_end_matches('\\'));
        match letter {
            Some(letter) => plain.push(letter),
            None => plain.push_str("\\u"),
        }
        rest = if letter.is_some() { &after[6..] } else { &after[2..] };
    }
    plain + rest
}
