//! The fault matrix, in parts. No part has as many calls that fail by the provider's fault as pause a
//! provider, so its lines can be played at once without one having another's call held.

use serde_json::{Value, json};

use super::row::{Class, Credit, Door, Order, Row, When};
use crate::support::sandbox::TOO_LONG_MS;

/// Stands for the address of a listener that nobody may call.
pub(super) const SINK: &str = "{sink}";

/// Stands for the id of a task of another key.
pub(super) const FOREIGN_ID: &str = "{foreign id}";

/// Every fault there is, in the order of the document.
pub(super) fn matrix() -> Vec<Row> {
    [connections(), statuses(), bodies(), ids(), errors(), results(), costs(), balances(), late_charges()]
        .into_iter()
        .flatten()
        .collect()
}

fn applied(mut fault: Value) -> Value {
    fault["effect"] = json!("apply");
    fault
}

fn raw(body: &str) -> Value {
    json!({ "kind": "raw", "body": body })
}

pub(super) fn connections() -> Vec<Row> {
    let whole = |name, door, slug| Row { door, slug, orders: Vec::new(), ..Row::creating(name, Value::Null).free() };
    vec![
        whole("connection refused", Door::Refusing, "ucaptcha_native"),
        whole("connection hangs", Door::Hanging, "capmonster_cloud"),
        Row::creating("reset before the request is read", json!({ "kind": "reset" })).unknown_free(),
        Row::creating("reset after the request", applied(json!({ "kind": "reset" }))).unknown_charged(),
        Row::creating("reset in the middle of the body", applied(json!({ "kind": "reset_mid_body" })))
            .unknown_charged(),
        Row::creating("silence until our timeout", applied(json!({ "kind": "hang", "ms": TOO_LONG_MS })))
            .unknown_charged(),
        Row::creating("one byte a second", json!({ "kind": "drip", "interval_ms": 1_000 })).unknown_charged(),
    ]
}

pub(super) fn statuses() -> Vec<Row> {
    let status = |status: u16, headers: Value| json!({ "kind": "status", "status": status, "headers": headers });
    let redirect = |location: &str| json!({ "kind": "redirect", "location": location });
    vec![
        Row::creating("500 without a body", status(500, json!({}))).unknown_free(),
        Row::creating("500 without a body, yet carried out", applied(status(500, json!({})))).unknown_charged(),
        Row::creating("502 with HTML", json!({ "kind": "html", "status": 502 })).unknown_free(),
        Row::creating("503 with a huge Retry-After", status(503, json!({ "retry-after": "99999999999" })))
            .unknown_free(),
        Row::creating("429", status(429, json!({ "retry-after": "1" }))).free(),
        Row::creating("redirect to loopback", redirect(SINK)).unknown_free(),
        Row::creating("redirect to a metadata address", redirect("http://169.254.169.254/latest/meta-data/"))
            .unknown_free(),
    ]
}

pub(super) fn bodies() -> Vec<Row> {
    vec![
        Row::creating("200 with HTML", json!({ "kind": "html" })).unknown_free(),
        Row::creating("garbage", raw("%!& no JSON at all")).unknown_free(),
        Row::creating("truncated JSON", applied(json!({ "kind": "truncate" }))).unknown_charged(),
        Row::creating("doubled JSON", applied(json!({ "kind": "double_json" }))).unknown_charged(),
        Row::creating("wrong content type", json!({ "kind": "wrong_content_type" })),
        Row::creating("invalid UTF-8", json!({ "kind": "garbage" })).unknown_free(),
        Row::creating("gzip bomb", json!({ "kind": "gzip_bomb" })).unknown_free(),
        Row::creating("50 MB", json!({ "kind": "huge_body", "bytes": 50 << 20 })).unknown_free(),
        Row::creating("nesting of 100,000", json!({ "kind": "nesting", "depth": 100_000 })).unknown_free(),
        Row::creating("Content-Length too long", applied(json!({ "kind": "wrong_length" }))).unknown_charged(),
    ]
}

pub(super) fn ids() -> Vec<Row> {
    let id = |text: &str| json!({ "kind": "task_id_text", "text": text });
    vec![
        Row {
            earlier_task: true,
            ..Row::creating("task id given out twice", json!({ "kind": "duplicate_task_id" })).reviewed()
        },
        Row::creating("task id of another key", id(FOREIGN_ID)).unknown_charged(),
        Row::creating("task id as text where it was a number", id("\"7a6f-1\"")).unknown_charged(),
        Row::creating("task id above 2^53", id("90071992547409931")).unknown_charged(),
        Row::creating("task id negative", id("-72345678901")).unknown_charged(),
        Row::creating("task id empty", id("\"\"")).unknown_charged(),
        Row::creating("task id zero", id("0")).unknown_charged(),
    ]
}

pub(super) fn errors() -> Vec<Row> {
    let code = |code: &str| json!({ "kind": "error", "code": code });
    let charged_failure = json!({ "balance": "1", "charge_unsolvable": true });
    vec![
        Row::creating("errorId as text", raw(r#"{"errorId":"0","taskId":5}"#)).unknown_free(),
        Row::creating("errorId as text beside a code", raw(r#"{"errorId":"2","errorCode":"ERROR_NO_SLOT_AVAILABLE"}"#))
            .free(),
        Row::creating("unknown code", raw(r#"{"errorId":99,"errorCode":"ERROR_NEVER_SEEN"}"#)).free(),
        Row {
            first: "UNKNOWN",
            ..Row::creating(
                "unknown code with 500",
                json!({
                    "kind": "raw", "status": 500, "body": r#"{"errorId":99,"errorCode":"ERROR_NEVER_SEEN"}"#
                }),
            )
            .unknown_free()
        },
        Row::creating("key error once on a good key", code("ERROR_KEY_DOES_NOT_EXIST")).free(),
        Row::creating("zero balance on a full key", code("ERROR_ZERO_BALANCE")).free(),
        Row {
            slug: "anti_captcha",
            first: "FAILED_CHARGED",
            last: "FAILED_CHARGED",
            ..Row::creating("charged though unsolvable", json!({ "kind": "unsolvable" }))
        },
        Row {
            settings: charged_failure,
            class: Class::Elsewhere,
            credit: Credit::Nothing,
            ..Row::creating("charged though unsolvable, where that is said to be free", json!({ "kind": "unsolvable" }))
                .free()
        },
    ]
}

pub(super) fn results() -> Vec<Row> {
    let reply = |cost: &str| {
        raw(&format!(r#"{{"errorId":0,"status":"ready","solution":{{"token":"t"}},"cost":"0.00145",{cost}}}"#))
    };
    let relapse = json!({ "kind": "solution_then_processing" });
    let truncated = || json!({ "kind": "truncate" });
    let result = |skip, fault| Order { when: When::Before, method: "getTaskResult", skip, count: 1, fault };
    vec![
        Row::polling("result cut off", json!({ "kind": "reset_mid_body" })),
        Row::polling("result as garbage", json!({ "kind": "garbage" })),
        Row::polling("result as HTML", json!({ "kind": "html", "status": 502 })),
        Row::polling("result after our timeout", json!({ "kind": "delay", "ms": TOO_LONG_MS })),
        Row::polling("result with two costs", reply(r#""cost":"0.001""#)),
        Row {
            class: Class::Elsewhere,
            credit: Credit::Reported("0.0005"),
            ..Row::polling("result twice, the second time with another cost", truncated())
                .and(result(1, json!({ "kind": "cost_text", "text": "\"0.0005\"" })))
        },
        Row::polling("READY, cut off, then PROCESSING", relapse).and(result(0, truncated())),
        Row::polling("key error once while polling", json!({ "kind": "error", "code": "ERROR_KEY_DOES_NOT_EXIST" })),
        Row::polling("task unknown all at once", json!({ "kind": "error", "code": "ERROR_NO_SUCH_CAPCHA_ID" }))
            .unknown_charged(),
    ]
}

pub(super) fn costs() -> Vec<Row> {
    let cost = |name, text: Option<&str>| Row::polling(name, json!({ "kind": "cost_text", "text": text }));
    vec![
        cost("cost missing", None),
        cost("cost null", Some("null")),
        cost("cost negative", Some("\"-0.00145\"")).reviewed(),
        cost("cost NaN", Some("\"NaN\"")).reviewed(),
        cost("cost a word", Some("\"cheap\"")).reviewed(),
        cost("cost an array", Some("[0.00145]")).reviewed(),
        cost("cost of 40 digits", Some("\"0.0014512345678912345678901234567890123456\"")).reviewed(),
        cost("cost 1e308", Some("1e308")).reviewed(),
        cost("cost with a decimal comma", Some("\"0,00145\"")).reviewed(),
        cost("cost in full-width digits", Some("\"０.００１４５\"")).reviewed(),
        cost("cost above five list prices", Some("\"0.00726\"")).reviewed(),
        Row {
            settings: json!({ "balance": "0.004", "solve_ms": [0, 0] }),
            ..cost("cost above the balance", Some("\"0.005\"")).reviewed()
        },
    ]
}

pub(super) fn balances() -> Vec<Row> {
    let text = |name, text: &str| Row::reading(name, json!({ "kind": "balance_text", "text": text }));
    vec![
        Row::misreading("balance negative", "-5", "0.99855"),
        text("balance NaN", "\"NaN\""),
        text("balance null", "null"),
        text("balance beyond belief", "1e9"),
        Row::misreading("balance rising", "2", "1.00145"),
        Row::reading(
            "balance with 503 and a huge Retry-After",
            json!({
                "kind": "status", "status": 503, "headers": { "retry-after": "99999999999" }
            }),
        ),
        Row::reading("balance as HTML", json!({ "kind": "html" })),
        Row::reading("balance reset", json!({ "kind": "reset" })),
        Row::reading("key error once while reading", json!({ "kind": "error", "code": "ERROR_KEY_DOES_NOT_EXIST" })),
    ]
}

/// Charges that a reset hid, and that the balance shows some readings too late.
pub(super) fn late_charges() -> Vec<Row> {
    let late = |name, readings| {
        let row = Row::creating(name, applied(json!({ "kind": "reset" }))).unknown_charged();
        let fault = json!({ "kind": "balance_text", "text": "1" });
        row.and(Order { when: When::Settled, method: "getBalance", skip: 0, count: readings, fault })
    };
    let freed = |row| Row { last: "FAILED_FREE", class: Class::Elsewhere, credit: Credit::Nothing, ..row };
    vec![
        late("hidden charge, shown one reading late", 1),
        freed(late("hidden charge, shown two readings late", 2)),
        freed(late("hidden charge, shown three readings late", 3)),
    ]
}
