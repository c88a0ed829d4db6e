//! What may stand at a `__typename`, which the framework's validation passes over.

use async_graphql::parser::types::{Directive, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Value};

/// Whether every `__typename` of the document is a plain field: no arguments, nothing below it, and
/// no directives but `@skip` and `@include`, each once and by a condition that can be one.
pub(super) fn are_plain(document: &ExecutableDocument) -> bool {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).all(|selection| are_plain_in(document, selection))
}

fn are_plain_in(document: &ExecutableDocument, selection: &SelectionSet) -> bool {
    selection.items.iter().all(|item| match &item.node {
        Selection::Field(field) if field.node.name.node == "__typename" => is_plain(document, &field.node),
        Selection::Field(field) => are_plain_in(document, &field.node.selection_set.node),
        Selection::InlineFragment(fragment) => are_plain_in(document, &fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => true,
    })
}

fn is_plain(document: &ExecutableDocument, field: &Field) -> bool {
    let directives = || field.directives.iter().map(|directive| &directive.node);
    let occurs_once = |name: &str| directives().filter(|directive| directive.name.node == name).count() == 1;
    field.arguments.is_empty()
        && field.selection_set.node.items.is_empty()
        && directives().all(|it| matches!(it.name.node.as_str(), "skip" | "include") && occurs_once(&it.name.node))
        && directives().all(|it| has_condition(document, it))
}

/// Whether the directive has its one argument, by name, of a type that it takes.
fn has_condition(document: &ExecutableDocument, directive: &Directive) -> bool {
    let [(name, value)] = directive.arguments.as_slice() else { return false };
    let stands_in = |variable: Name| if is_flag(document, &variable) { Ok(Value::Boolean(true)) } else { Err(()) };
    let value = value.node.clone().into_const_with(stands_in);
    name.node == "if" && matches!(value, Ok(Value::Boolean(_)))
}

/// Whether an operation defines the variable as one that is always true or false.
fn is_flag(document: &ExecutableDocument, variable: &Name) -> bool {
    let definitions = document.operations.iter().flat_map(|(_, operation)| &operation.node.variable_definitions);
    definitions.map(|definition| &definition.node).filter(|it| it.name.node == *variable).any(|it| {
        let ty = it.var_type.node.to_string();
        ty == "Boolean!" || (ty == "Boolean" && it.default_value.is_some())
    })
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn a_typename_takes_skip_and_include_alone() {
        for (text, plain) in [
            ("{ __typename a { __typename } }", true),
            ("{ __typename @include(if: true) @skip(if: false) }", true),
            ("query($b: Boolean!) { __typename @include(if: $b) }", true),
            ("query($b: Boolean = true) { __typename @include(if: $b) }", true),
            ("query($b: Boolean) { __typename @include(if: $b) }", false),
            ("query($b: Int!) { __typename @include(if: $b) }", false),
            ("{ __typename @include(if: $b) }", false),
            ("{ __typename @include(if: \"true\") }", false),
            ("{ __typename @include(unless: true) }", false),
            ("{ __typename @include }", false),
            ("{ __typename @include(if: true) @include(if: true) }", false),
            ("{ a { ... on A { b: __typename @noSuch } } }", false),
            ("{ ...F } fragment F on A { __typename @noSuch }", false),
            ("{ __typename(a: 1) }", false),
            ("{ __typename { a } }", false),
        ] {
            assert_eq!(are_plain(&parse_query(text).expect("it is GraphQL")), plain, "{text}");
        }
    }
}
