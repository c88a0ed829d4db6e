//! Measures a document before anything else walks it.
//!
//! A fragment that spreads another twice, which does the same, makes a kilobyte of text into millions
//! of fields; the framework's own checks follow every spread and take seconds over it. Here each
//! fragment is measured once and its measure reused, with sums that saturate, so the time is that of
//! reading the text. Cycles are refused, since nothing after this could end on one.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};

/// Most operations in a document, and most variables of one.
const OPERATIONS_MAX: usize = 16;
const VARIABLES_MAX: usize = 64;

/// Most root fields, fewer where each does something.
const ROOT_FIELDS_MAX: u64 = 30;
const MUTATIONS_MAX: u64 = 10;

/// Most directives, with spreads followed.
const DIRECTIVES_MAX: u64 = 100;

/// Most selections of any kind for each field that there may be: spreads of nothing are no fields,
/// and following them takes time all the same.
const SELECTIONS_PER_FIELD: u64 = 2;

/// Deepest nesting in the text; beyond any that a request needs.
const NESTING_MAX: usize = 64;

/// What a document may measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Most tokens of the text.
    pub(super) tokens: usize,
    /// Most aliases, with spreads followed.
    pub(super) aliases: u64,
    /// Most fields, with spreads followed.
    pub(super) fields: u64,
}

/// What a selection amounts to with its spreads followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Measure {
    selections: u64,
    fields: u64,
    aliases: u64,
    directives: u64,
    root_fields: u64,
}

impl Measure {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
    }
}

/// Whether everything in the document keeps within the bounds.
pub(super) fn is_within(document: &ExecutableDocument, bounds: Bounds) -> bool {
    let mut walk = Walk { document, known: HashMap::new() };
    if document.operations.iter().count() > OPERATIONS_MAX {
        return false;
    }
    document.operations.iter().all(|(_, operation)| {
        let operation = &operation.node;
        let Some(measure) = walk.selection(&operation.selection_set.node, 0) else { return false };
        let root_fields_max = match operation.ty {
            OperationType::Mutation => MUTATIONS_MAX,
            OperationType::Query | OperationType::Subscription => ROOT_FIELDS_MAX,
        };
        operation.variable_definitions.len() <= VARIABLES_MAX
            && measure.root_fields <= root_fields_max
            && measure.selections <= bounds.fields.saturating_mul(SELECTIONS_PER_FIELD)
            && measure.fields <= bounds.fields
            && measure.aliases <= bounds.aliases
            && measure.directives <= DIRECTIVES_MAX
    })
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    /// Measures of fragments; `None` while one is being measured.
    known: HashMap<&'a Name, Option<Measure>>,
}

impl<'a> Walk<'a> {
    /// `None` when the selection is nested too deeply or spreads itself.
    fn selection(&mut self, selection: &'a SelectionSet, depth: usize) -> Option<Measure> {
        if depth > NESTING_MAX {
            return None;
        }
        let mut sum = Measure::default();
        for item in &selection.items {
            let (measure, directives, root_fields) = match &item.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let mut measure = self.selection(&field.selection_set.node, depth + 1)?;
                    measure.fields = measure.fields.saturating_add(1);
                    measure.aliases = measure.aliases.saturating_add(u64::from(field.alias.is_some()));
                    (measure, field.directives.len(), 1)
                }
                Selection::InlineFragment(fragment) => {
                    let measure = self.selection(&fragment.node.selection_set.node, depth + 1)?;
                    (measure, fragment.node.directives.len(), measure.root_fields)
                }
                Selection::FragmentSpread(spread) => {
                    let measure = self.fragment(&spread.node.fragment_name.node, depth)?;
                    (measure, spread.node.directives.len(), measure.root_fields)
                }
            };
            sum.add(measure);
            sum.selections = sum.selections.saturating_add(1);
            sum.directives = sum.directives.saturating_add(u64::try_from(directives).unwrap_or(u64::MAX));
            sum.root_fields = sum.root_fields.saturating_add(root_fields);
        }
        Some(sum)
    }

    /// A fragment that is not there measures nothing; validation says so.
    fn fragment(&mut self, name: &Name, depth: usize) -> Option<Measure> {
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
            return Some(Measure::default());
        };
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        self.known.insert(name, None);
        let measure = self.selection(&fragment.node.selection_set.node, depth + 1)?;
        self.known.insert(name, Some(measure));
        Some(measure)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::time::{Duration, Instant};

    use async_graphql::parser::parse_query;

    use super::*;

    const BOUNDS: Bounds = Bounds { tokens: 2_000, aliases: 3, fields: 100 };

    /// What the parser refuses by itself does not pass either.
    fn passes(text: &str) -> bool {
        parse_query(text).is_ok_and(|document| is_within(&document, BOUNDS))
    }

    #[test]
    fn a_fragment_bomb_is_refused_at_once() {
        let mut bomb = String::from("{ ...f0 }");
        for number in 0..26 {
            write!(bomb, " fragment f{number} on Q {{ ...f{0} ...f{0} }}", number + 1).expect("it is written");
        }
        bomb.push_str(" fragment f26 on Q { a }");
        let start = Instant::now();
        assert!(!passes(&bomb));
        assert!(start.elapsed() < Duration::from_secs(1), "each fragment is measured once");
    }

    #[test]
    fn a_fragment_bomb_without_a_field_is_refused() {
        let mut bomb = String::from("{ ...f0 }");
        for number in 0..20 {
            write!(bomb, " fragment f{number} on Q {{ ...f{0} ...f{0} }}", number + 1).expect("it is written");
        }
        for leaf in ["...missing", "... on Q { ...missing }"] {
            assert!(!passes(&format!("{bomb} fragment f20 on Q {{ {leaf} }}")), "{leaf}");
        }
    }

    #[test]
    fn each_bound_holds() {
        let many = |field: &str, count: usize| format!("{{ {} }}", field.repeat(count));
        let mutations = |count: usize| format!("mutation {}", many("a ", count));
        let nested = |depth: usize| format!("{}a{}", "{ a ".repeat(depth), " }".repeat(depth));
        for (text, passing) in [
            (many("a ", 30), true),
            (many("a ", 31), false),
            (mutations(10), true),
            (mutations(11), false),
            (many("b: a ", 3), true),
            (many("b: a ", 4), false),
            ("{ ...f ...f } fragment f on Q { b: a c: a }".to_owned(), false),
            (format!("{{ a {} }}", many("a ", 98)), true),
            (format!("{{ a {} }}", many("a ", 100)), false),
            ("{ ...f } fragment f on Q { ...g } fragment g on Q { ...f }".to_owned(), false),
            ("{ ...missing }".to_owned(), true),
            (nested(60), true),
            (nested(70), false),
            (many("... on Q @skip(if: false) { a } ", 20), true),
            (many("a @skip(if: false) @skip(if: false) @skip(if: false) @skip(if: false) ", 26), false),
        ] {
            assert_eq!(passes(&text), passing, "{text}");
        }
    }
}
