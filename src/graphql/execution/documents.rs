//! Known documents: what is parsed, measured and validated once is kept under its text.
//!
//! A client sends few texts and sends them often, and parsing with validation takes most of a small
//! request's time. Only documents that validated are kept, so that nonsense takes no place; those
//! not used for longest go first, by number and by size. Nothing that depends on variables, on the
//! caller or on the time is part of an entry: budgets, roles and values are looked at every time.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_graphql::ValidationResult;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet};
use async_graphql::registry::Registry;
use lru::LruCache;

use super::walk::{self, Bounds};
use super::{refused, tokens, typename};
use crate::graphql::error::{ApiError, ErrorCode};

/// Most documents that are kept.
const ENTRIES_MAX: NonZeroUsize = NonZeroUsize::new(1_000).expect("a thousand is not zero");

/// Most bytes of text that are kept; a parsed document takes some ten times its text.
const BYTES_MAX: usize = 2 * 1024 * 1024;

/// A document that was parsed and measured.
pub(in crate::graphql) struct Known {
    text: Box<str>,
    pub(super) document: ExecutableDocument,
    /// Whether a field of introspection other than `__typename` occurs anywhere.
    pub(super) reads_schema: bool,
    /// Whether nothing but the schema is asked for; tools nest that deeper than data needs.
    pub(super) is_schema_alone: bool,
    verdict: OnceLock<ValidationResult>,
}

impl Known {
    fn read(text: &str, bounds: Bounds) -> Result<Self, async_graphql::ServerError> {
        let too_large = || refused(ApiError::new(ErrorCode::QueryTooCostly), Vec::new());
        if !tokens::are_few(text, bounds.tokens) {
            return Err(too_large());
        }
        let unparsed = |positions| refused(ApiError::new(ErrorCode::ParseFailed), positions);
        let document = parse_query(text).map_err(|error| unparsed(error.positions().collect()))?;
        if !tokens::begin_by_keywords(text) {
            return Err(unparsed(Vec::new()));
        }
        if !walk::is_within(&document, bounds) {
            return Err(too_large());
        }
        if !typename::are_plain(&document) {
            return Err(refused(ApiError::new(ErrorCode::ValidationFailed), Vec::new()));
        }
        let reads_schema = reads_schema(&document);
        let is_schema_alone = reads_schema && asks_schema_alone(&document);
        Ok(Self { text: text.into(), document, reads_schema, is_schema_alone, verdict: OnceLock::new() })
    }

    /// What validation found, if it has been through it.
    pub(super) fn verdict(&self) -> Option<ValidationResult> {
        self.verdict.get().copied()
    }

    /// The operation that a request runs; `None` when its name fits none.
    pub(super) fn operation(&self, name: Option<&str>) -> Option<&OperationDefinition> {
        operation(&self.document, name)
    }
}

/// The documents that are kept.
pub(in crate::graphql) struct Documents {
    bounds: Bounds,
    kept: Mutex<Kept>,
}

struct Kept {
    entries: LruCache<Box<str>, Arc<Known>>,
    bytes: usize,
}

impl Documents {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, kept: Mutex::new(Kept { entries: LruCache::new(ENTRIES_MAX), bytes: 0 }) }
    }

    /// The document of a text, kept or read now.
    ///
    /// # Errors
    /// GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED, or QUERY_TOO_COSTLY for what is out of bounds.
    pub(super) fn read(&self, text: &str) -> Result<Arc<Known>, async_graphql::ServerError> {
        let kept = self.lock().entries.get(text).cloned();
        match kept {
            Some(known) => Ok(known),
            None => Known::read(text, self.bounds).map(Arc::new),
        }
    }

    /// What kind of operation a request by this text and name runs. What can't be read at all has
    /// none; its error is told by the one who executes it.
    pub(in crate::graphql) fn operation_type(&self, text: &str, name: Option<&str>) -> Option<OperationType> {
        self.read(text).ok()?.operation(name).map(|operation| operation.ty)
    }

    /// Keeps a document with its verdict, when the verdict is the same for every request.
    pub(super) fn keep(&self, known: &Arc<Known>, verdict: ValidationResult, priced_by_value: &HashSet<String>) {
        let is_one = known.document.operations.iter().count() == 1;
        if !is_one || known.verdict.get().is_some() || has_variable_price(&known.document, priced_by_value) {
            return;
        }
        known.verdict.get_or_init(|| verdict);
        let mut kept = self.lock();
        kept.bytes += known.text.len();
        if let Some((_, gone)) = kept.entries.push(known.text.clone(), known.clone()) {
            kept.bytes -= gone.text.len();
        }
        while kept.bytes > BYTES_MAX
            && let Some((_, gone)) = kept.entries.pop_lru()
        {
            kept.bytes -= gone.text.len();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // A holder that panicked left at most a wrong count of bytes.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The operation of a document that a request by this name runs; without a name the only one.
pub(super) fn operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let mut operations = document.operations.iter();
    let found = match name {
        Some(name) => operations.find(|(own, _)| own.is_some_and(|own| own.as_str() == name)),
        None => operations.next().filter(|_| operations.next().is_none()),
    };
    found.map(|(_, operation)| &operation.node)
}

/// Names of the fields whose cost is computed from their arguments.
pub(super) fn priced_by_value(registry: &Registry) -> HashSet<String> {
    let fields = registry.types.values().filter_map(|ty| ty.fields()).flatten();
    fields.filter(|(_, field)| field.compute_complexity.is_some()).map(|(name, _)| name.clone()).collect()
}

/// Whether a variable decides what some field costs.
fn has_variable_price(document: &ExecutableDocument, priced_by_value: &HashSet<String>) -> bool {
    selections(document).any(|selection| selection_has_variable_price(selection, priced_by_value))
}

fn selection_has_variable_price(selection: &SelectionSet, priced_by_value: &HashSet<String>) -> bool {
    selection.items.iter().any(|item| match &item.node {
        Selection::Field(field) => {
            let field = &field.node;
            // A value with a variable in it is no constant.
            let varies = || field.arguments.iter().any(|(_, value)| value.node.clone().into_const().is_none());
            (priced_by_value.contains(field.name.node.as_str()) && varies())
                || selection_has_variable_price(&field.selection_set.node, priced_by_value)
        }
        Selection::InlineFragment(fragment) => {
            selection_has_variable_price(&fragment.node.selection_set.node, priced_by_value)
        }
        Selection::FragmentSpread(_) => false,
    })
}

/// Every selection at the top of an operation or a fragment, so that spreads need not be followed.
fn selections(document: &ExecutableDocument) -> impl Iterator<Item = &SelectionSet> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    operations.chain(document.fragments.values().map(|fragment| &fragment.node.selection_set.node))
}

fn reads_schema(document: &ExecutableDocument) -> bool {
    selections(document).any(selection_reads_schema)
}

fn selection_reads_schema(selection: &SelectionSet) -> bool {
    selection.items.iter().any(|item| match &item.node {
        Selection::Field(field) => {
            matches!(field.node.name.node.as_str(), "__schema" | "__type")
                || selection_reads_schema(&field.node.selection_set.node)
        }
        Selection::InlineFragment(fragment) => selection_reads_schema(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => false,
    })
}

fn asks_schema_alone(document: &ExecutableDocument) -> bool {
    let is_of_schema =
        |selection: &Selection| matches!(selection, Selection::Field(field) if field.node.name.node.starts_with("__"));
    let mut operations = document.operations.iter();
    operations.all(|(_, operation)| {
        operation.node.selection_set.node.items.iter().all(|selection| is_of_schema(&selection.node))
    })
}

#[cfg(test)]
mod tests {
    use async_graphql::CacheControl;

    use super::*;

    const BOUNDS: Bounds = Bounds { tokens: 2_000, aliases: 30, fields: 5_000 };
    const VERDICT: ValidationResult =
        ValidationResult { cache_control: CacheControl { public: true, max_age: 0 }, complexity: 3, depth: 2 };

    fn priced() -> HashSet<String> {
        HashSet::from(["keys".to_owned()])
    }

    /// Reads the text, keeps it if it may be kept, and says whether it was.
    fn is_kept(documents: &Documents, text: &str) -> bool {
        let known = documents.read(text).expect("it is GraphQL");
        documents.keep(&known, VERDICT, &priced());
        documents.read(text).expect("it is GraphQL").verdict().is_some()
    }

    #[test]
    fn a_document_is_kept_unless_a_variable_decides_its_cost() {
        let documents = Documents::new(BOUNDS);
        for (text, kept) in [
            ("{ viewer { id } }", true),
            ("query($input: X!) { bestKey(route: $input) { summary } }", true),
            ("{ viewer { keys(first: 5) { totalCount } } }", true),
            ("query($n: Int) { viewer { keys(first: $n) { totalCount } } }", false),
            ("query($n: Int) { viewer { ...P } } fragment P on A { keys(first: $n) { totalCount } }", false),
            ("query($n: X) { viewer { ... on A { keys(filter: { of: [$n] }) { totalCount } } } }", false),
            ("query A { viewer { id } } query B { pool }", false),
        ] {
            assert_eq!(is_kept(&documents, text), kept, "{text}");
        }
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let documents = Documents::new(BOUNDS);
        let text = |number: usize| format!("{{ viewer {{ id }} }} # {number}");
        for number in 0..=ENTRIES_MAX.get() {
            assert!(is_kept(&documents, &text(number)));
            documents.read(&text(0)).expect("it is GraphQL");
        }
        assert!(documents.read(&text(0)).expect("it is GraphQL").verdict().is_some(), "it was in use all the time");
        assert!(documents.read(&text(1)).expect("it is GraphQL").verdict().is_none(), "it had to go");
        let long = |number: usize| format!("{{ viewer {{ id }} }} # {number} {}", "x".repeat(60_000));
        for number in 0..40 {
            assert!(is_kept(&documents, &long(number)));
        }
        let kept = documents.lock();
        let bytes: usize = kept.entries.iter().map(|(text, _)| text.len()).sum();
        assert!(bytes == kept.bytes && bytes <= BYTES_MAX, "{bytes} {}", kept.bytes);
    }

    #[test]
    fn an_operation_is_found_by_its_name() {
        let documents = Documents::new(BOUNDS);
        let both = "query A { viewer { id } } mutation B { b }";
        for (text, name, ty) in [
            ("{ a }", None, Some(OperationType::Query)),
            ("mutation { a }", None, Some(OperationType::Mutation)),
            ("subscription { a }", None, Some(OperationType::Subscription)),
            (both, Some("A"), Some(OperationType::Query)),
            (both, Some("B"), Some(OperationType::Mutation)),
            (both, Some("C"), None),
            (both, None, None),
            ("mutation", None, None),
        ] {
            assert_eq!(documents.operation_type(text, name), ty, "{text}");
        }
    }
}
