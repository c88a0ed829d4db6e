//! The statements that PostgreSQL was sent, read from the wire.
//!
//! Messages are those of protocol 3.0, as in chapter "Message Formats" of PostgreSQL's manual.

use std::collections::HashMap;

/// Length of the request for TLS, which comes before anything else.
const TLS_REQUEST: usize = 8;

/// The statements of each transaction of one connection, in their order.
pub(crate) fn transactions(sent: &[u8]) -> Vec<Vec<String>> {
    let mut transactions = Vec::new();
    let mut open: Option<Vec<String>> = None;
    for statement in statements(sent) {
        match statement.as_str() {
            "BEGIN" => open = Some(Vec::new()),
            "COMMIT" | "ROLLBACK" => transactions.extend(open.take()),
            _ => open.iter_mut().for_each(|open| open.push(statement.clone())),
        }
    }
    transactions
}

/// What was carried out: simple queries, and prepared statements as often as they were bound.
fn statements(sent: &[u8]) -> Vec<String> {
    let mut prepared: HashMap<String, String> = HashMap::new();
    let mut statements = Vec::new();
    let mut rest = opened(sent);
    while let Some((kind, body, after)) = message(rest) {
        rest = after;
        let mut texts = body.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
        let mut next = || texts.next().unwrap_or_default();
        match kind {
            b'Q' => statements.push(next()),
            b'P' => {
                let name = next();
                prepared.insert(name, next());
            }
            b'B' => {
                let (_portal, name) = (next(), next());
                statements.push(prepared.get(&name).expect("a statement is prepared before it is bound").clone());
            }
            _ => {}
        }
    }
    statements
}

/// What follows on the request for TLS and on the first message, which has no kind.
fn opened(sent: &[u8]) -> &[u8] {
    let asks_for_tls = sent.starts_with(&[0, 0, 0, 8]);
    let first = if asks_for_tls { &sent[TLS_REQUEST..] } else { sent };
    length(first).and_then(|length| first.get(length..)).unwrap_or_default()
}

/// The first whole message: its kind, its body, and what follows.
fn message(sent: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (kind, rest) = sent.split_first()?;
    let length = length(rest)?;
    Some((*kind, rest.get(4..length)?, &rest[length..]))
}

/// A length counts its own four bytes.
fn length(sent: &[u8]) -> Option<usize> {
    let bytes = sent.first_chunk()?;
    usize::try_from(u32::from_be_bytes(*bytes)).ok()
}
