//! What there is to drive, by the schema and by the program's own help, and what of it was driven: done as it is
//! meant, for a refusal comes before most of an operation.

use std::cell::RefCell;
use std::collections::BTreeSet;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, Selection};
use serde_json::Value;

use super::witness::Witness;
use crate::support::schema;

/// Commands that no scenario runs, and why.
const NOT_RUN: [(&str, &str); 2] = [
    ("demo", "makes up its own keys, so none can be planted"),
    ("sandbox", "plays the providers, and holds nothing of the product's"),
];

/// What was driven.
#[derive(Default)]
pub(super) struct Coverage {
    fields: RefCell<BTreeSet<String>>,
    commands: RefCell<BTreeSet<String>>,
}

impl Coverage {
    /// Notes the root fields of a document that were answered as they are meant to be.
    pub(super) fn answered(&self, document: &str, data: &Value) {
        self.fields.borrow_mut().extend(root_fields(document).into_iter().filter(|field| is_done(&data[field])));
    }

    /// Notes a command that did what it says.
    pub(super) fn ran(&self, words: &[&str]) {
        self.commands.borrow_mut().insert(words.join(" "));
    }

    /// Fails when a root field of the schema or a command was not driven.
    pub(super) async fn expect_whole(&self, witness: &Witness) {
        let (fields, ran) = (self.fields.borrow().clone(), self.commands.borrow().clone());
        let all = schema::ROOTS.iter().flat_map(|root| schema::fields(root)).map(|field| field.name.node.to_string());
        let missing: Vec<String> = all.filter(|name| !fields.contains(name)).collect();
        assert_eq!(missing, Vec::<String>::new(), "root fields were not driven");
        let is_run = |command: &str| ran.iter().any(|line| line == command || line.starts_with(&format!("{command} ")));
        let missing: Vec<String> = commands(witness).await.into_iter().filter(|command| !is_run(command)).collect();
        assert_eq!(missing, NOT_RUN.map(|(command, _)| command), "commands were not driven");
    }
}

/// The names of the root fields of a document, none when it is malformed.
fn root_fields(document: &str) -> Vec<String> {
    let Ok(document) = parse_query(document) else { return Vec::new() };
    let operation = match document.operations {
        DocumentOperations::Single(operation) => operation,
        DocumentOperations::Multiple(_) => return Vec::new(),
    };
    let names = operation.node.selection_set.node.items.into_iter().filter_map(|item| match item.node {
        Selection::Field(field) => Some(field.node.name.node.to_string()),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
    });
    names.collect()
}

/// Whether a field was answered with something, and a mutation without a user error.
fn is_done(answer: &Value) -> bool {
    match answer {
        Value::Null => false,
        Value::Array(items) => items.iter().any(is_done),
        other => other["userErrors"].as_array().is_none_or(Vec::is_empty),
    }
}

/// Every command with its verb, by the program's help: what stands indented below `Commands:`.
async fn commands(witness: &Witness) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(words) = open.pop() {
        let asked: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = witness.command(&asked, "").await.out;
        let below = help.split_once("Commands:\n").map(|(_, rest)| rest.split("\n\n").next().unwrap_or(rest));
        match below {
            None => _ = found.insert(words.join(" ")),
            Some(lines) => open.extend(lines.lines().filter_map(|line| {
                let name = line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty())?;
                Some(words.iter().cloned().chain([name.to_owned()]).collect())
            })),
        }
    }
    assert!(found.len() > 20, "the help was read: {found:?}");
    found
}
