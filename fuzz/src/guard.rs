//! The guard of GraphQL: whatever the document, an answer in our words, soon, and always the same.
//!
//! An input is a document, and after a NUL each the values of its variables as JSON and the name of
//! the operation. Behind the schema there are no services, so what runs fails in its fields. That
//! an answer comes soon is held by the fuzzer's own limit on time and memory.

use std::sync::{Arc, LazyLock};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Request, Response, Variables};
use key_recycling::domain::SystemClock;
use key_recycling::fuzzing::Guard;
use key_recycling::graphql::{ErrorCode, Settings};
use serde_json::Value;

use crate::wait::wait_for;

/// Steps that a walk of an admitted operation with all its spreads may take.
const STEPS_MAX: u64 = 10_000;

static GUARD: LazyLock<Guard> = LazyLock::new(|| Guard::new(Arc::new(SystemClock)));

/// Looks at one input.
pub fn look(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parts = text.splitn(3, '\0');
    let document = parts.next().unwrap_or_default();
    let variables: Value = parts.next().and_then(|values| serde_json::from_str(values).ok()).unwrap_or_default();
    let name = parts.next();
    let request = || {
        let request = Request::new(document).variables(Variables::from_json(variables.clone()));
        if let Some(name) = name { request.operation_name(name) } else { request }
    };
    let answer = wait_for(GUARD.answer(request()));
    let again = wait_for(GUARD.answer(request()));
    assert_eq!(shown(&answer), shown(&again), "the document is known by now");

    let codes = codes_of(&answer);
    let is_refused = |code: ErrorCode| codes.as_slice() == [code];
    if is_refused(ErrorCode::ParseFailed) || is_refused(ErrorCode::QueryTooCostly) {
        return;
    }
    let document = parse_query(document).expect("what is admitted can be parsed");
    bounded(&document);
}

/// The codes of an answer, each of which has its sentence and no other.
fn codes_of(answer: &Response) -> Vec<ErrorCode> {
    let codes = answer.errors.iter().map(|error| {
        let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
        let code =
            code.and_then(|code| code.clone().into_json().ok()).and_then(|code| ErrorCode::from_code(code.as_str()?));
        let code = code.unwrap_or_else(|| panic!("{error:?} has no code"));
        assert_eq!(error.message, code.sentence());
        code
    });
    codes.collect()
}

/// Data, and the codes of errors, each once. Validation looks at fragments in no order, so that of
/// a circle or of what is missing another place may be told the next time.
fn shown(answer: &Response) -> (String, Vec<&'static str>) {
    let data = serde_json::to_string(&answer.data).expect("data is JSON");
    let mut codes: Vec<&str> = codes_of(answer).into_iter().map(ErrorCode::as_str).collect();
    codes.sort_unstable();
    codes.dedup();
    (data, codes)
}

/// Walks every operation with every spread followed, and counts.
fn bounded(document: &ExecutableDocument) {
    let limits = Settings::default();
    for (_, operation) in document.operations.iter() {
        let (mut steps, mut fields, mut aliases) = (0_u64, 0, 0);
        let mut rest: Vec<&SelectionSet> = vec![&operation.node.selection_set.node];
        while let Some(selection) = rest.pop() {
            for item in &selection.items {
                steps += 1;
                assert!(steps <= STEPS_MAX, "the document is endless, or nearly");
                match &item.node {
                    Selection::Field(field) => {
                        fields += 1;
                        aliases += u64::from(field.node.alias.is_some());
                        rest.push(&field.node.selection_set.node);
                    }
                    Selection::InlineFragment(fragment) => rest.push(&fragment.node.selection_set.node),
                    Selection::FragmentSpread(spread) => {
                        let fragment = document.fragments.get(&spread.node.fragment_name.node);
                        rest.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                    }
                }
            }
        }
        assert!(fields <= limits.cost_max && aliases <= limits.aliases_max, "{fields} fields, {aliases} aliases");
    }
}
