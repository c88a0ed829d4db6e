//! Whether each variable stands where its type may (Variables in Allowed Position, section 5.8.5 of
//! the specification). The framework has this rule and never runs it.

use std::collections::HashSet;
use std::convert::Infallible;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Positioned, Value};

/// Begins the name of an enum value that stands for a variable; no enum has such a value.
const MARK: char = '$';

/// A value with its variables marked, of the one type of values that has a name outside the parser.
macro_rules! marked {
    ($value:expr) => {{
        let mark = |name: Name| Ok::<_, Infallible>(Value::Enum(Name::new(format!("{MARK}{name}"))));
        let Ok(value) = $value.node.clone().into_const_with(mark);
        value
    }};
}

/// Whether every variable of the document stands where its type may. What else is wrong with a
/// document is left to the framework.
pub(super) fn are_allowed(registry: &Registry, document: &ExecutableDocument) -> bool {
    document.operations.iter().all(|(_, operation)| {
        let operation = &operation.node;
        let root = match operation.ty {
            OperationType::Query => Some(&registry.query_type),
            OperationType::Mutation => registry.mutation_type.as_ref(),
            OperationType::Subscription => registry.subscription_type.as_ref(),
        };
        let root = root.and_then(|name| registry.types.get(name));
        let mut walk = Walk { registry, document, operation, seen: HashSet::new() };
        operation.variable_definitions.is_empty()
            || (walk.allows_directives(&operation.directives)
                && walk.allows_selection(root, &operation.selection_set.node))
    })
}

struct Walk<'a> {
    registry: &'a Registry,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    /// Fragments that were looked at.
    seen: HashSet<&'a Name>,
}

impl<'a> Walk<'a> {
    fn allows_selection(&mut self, ty: Option<&'a MetaType>, selection: &'a SelectionSet) -> bool {
        let registry = self.registry;
        selection.items.iter().all(|item| match &item.node {
            Selection::Field(field) => self.allows_field(ty, &field.node),
            Selection::InlineFragment(fragment) => {
                let fragment = &fragment.node;
                let on = fragment.type_condition.as_ref().map(|condition| &condition.node.on.node);
                let ty = on.map_or(ty, |name| registry.types.get(name.as_str()));
                self.allows_directives(&fragment.directives) && self.allows_selection(ty, &fragment.selection_set.node)
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                let unseen = self.document.fragments.get(name).filter(|_| self.seen.insert(name));
                self.allows_directives(&spread.node.directives)
                    && unseen.is_none_or(|fragment| {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.allows_selection(registry.types.get(on), &fragment.node.selection_set.node)
                    })
            }
        })
    }

    fn allows_field(&mut self, ty: Option<&'a MetaType>, field: &'a Field) -> bool {
        let meta = ty.and_then(|ty| ty.field_by_name(&field.name.node));
        let below = meta.and_then(|meta| self.registry.types.get(MetaTypeName::concrete_typename(&meta.ty)));
        let are_allowed = field.arguments.iter().all(|(name, value)| {
            let input = meta.and_then(|meta| meta.args.get(name.node.as_str()));
            input.is_none_or(|input| self.allows(Place::of(input), &marked!(value)))
        });
        are_allowed
            && self.allows_directives(&field.directives)
            && self.allows_selection(below, &field.selection_set.node)
    }

    fn allows_directives(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().map(|directive| &directive.node).all(|directive| {
            let meta = self.registry.directives.get(directive.name.node.as_str());
            directive.arguments.iter().all(|(name, value)| {
                let input = meta.and_then(|meta| meta.args.get(name.node.as_str()));
                input.is_none_or(|input| self.allows(Place::of(input), &marked!(value)))
            })
        })
    }

    /// Looks at the variables of a value, in which they are marked.
    fn allows(&self, place: Place<'_>, value: &Value) -> bool {
        match (value, place.nullable()) {
            (Value::Enum(name), _) if name.starts_with(MARK) => self.allows_variable(place, &name[MARK.len_utf8()..]),
            (Value::List(values), MetaTypeName::List(item)) => {
                values.iter().all(|value| self.allows(Place { ty: item, has_default: false }, value))
            }
            // One value stands for a list of it.
            (value, MetaTypeName::List(item)) => self.allows(Place { ty: item, has_default: false }, value),
            (Value::Object(values), MetaTypeName::Named(name)) => {
                let Some(MetaType::InputObject { input_fields, .. }) = self.registry.types.get(name) else {
                    return true;
                };
                values.iter().all(|(name, value)| {
                    input_fields.get(name.as_str()).is_none_or(|input| self.allows(Place::of(input), value))
                })
            }
            _ => true,
        }
    }

    fn allows_variable(&self, place: Place<'_>, name: &str) -> bool {
        let mut definitions = self.operation.variable_definitions.iter().map(|definition| &definition.node);
        definitions.find(|definition| definition.name.node == name).is_none_or(|definition| {
            let ty = definition.var_type.node.to_string();
            let is_never_null = definition.default_value.as_ref().is_some_and(|value| value.node != Value::Null);
            // A default on either side does for a variable without a value.
            let place = if is_never_null || place.has_default { place.nullable() } else { place.named() };
            fits(place, MetaTypeName::create(&ty))
        })
    }
}

/// Where a variable may stand.
#[derive(Clone, Copy)]
struct Place<'a> {
    ty: &'a str,
    has_default: bool,
}

impl<'a> Place<'a> {
    fn of(input: &'a MetaInputValue) -> Self {
        Self { ty: &input.ty, has_default: input.default_value.is_some() }
    }

    fn named(self) -> MetaTypeName<'a> {
        MetaTypeName::create(self.ty)
    }

    fn nullable(self) -> MetaTypeName<'a> {
        self.named().unwrap_non_null()
    }
}

/// Whether a value of the type `given` may stand where `wanted` does.
fn fits(wanted: MetaTypeName<'_>, given: MetaTypeName<'_>) -> bool {
    match (wanted, given) {
        (MetaTypeName::NonNull(wanted), MetaTypeName::NonNull(given))
        | (MetaTypeName::List(wanted), MetaTypeName::List(given)) => {
            fits(MetaTypeName::create(wanted), MetaTypeName::create(given))
        }
        (MetaTypeName::NonNull(_), _) => false,
        (wanted, MetaTypeName::NonNull(given)) => fits(wanted, MetaTypeName::create(given)),
        (MetaTypeName::Named(wanted), MetaTypeName::Named(given)) => wanted == given,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::{EmptyMutation, EmptySubscription, InputObject, Object, Schema};

    use super::*;
    use crate::graphql::execution::validation::Validator;

    #[derive(InputObject)]
    #[graphql(name = "PositionInput")]
    struct Input {
        number: i32,
        names: Option<Vec<String>>,
        #[graphql(default = 5)]
        more: i32,
    }

    struct Query;

    #[Object(name = "PositionQuery")]
    impl Query {
        async fn deeper(&self, #[graphql(default = 1)] times: i32) -> Option<Self> {
            (times > 0).then_some(Self)
        }

        async fn names(&self, list: Vec<String>, input: Option<Input>) -> usize {
            let input = input.map_or(0, |it| it.number + it.more + i32::from(it.names.is_some()));
            list.len() + usize::try_from(input).unwrap_or(0)
        }
    }

    fn look(registry: &Registry) {
        for (text, allowed) in CASES {
            let document = parse_query(text).expect("it is GraphQL");
            assert_eq!(are_allowed(registry, &document), allowed, "{text}");
        }
    }

    const CASES: [(&str, bool); 22] = [
        ("query($a: [String!]!) { names(list: $a) }", true),
        ("query($a: [String!]! = []) { names(list: $a) }", true),
        ("query($a: [String!] = []) { names(list: $a) }", true),
        ("query($a: [String!] = null) { names(list: $a) }", false),
        ("query($a: [String!]) { names(list: $a) }", false),
        ("query($a: [Int!]!) { names(list: $a) }", false),
        ("query($a: [String]!) { names(list: $a) }", false),
        ("query($a: String!) { names(list: $a) }", false),
        ("query($a: String!) { names(list: [$a]) }", true),
        ("query($a: Int) { deeper(times: $a) { deeper { deeper } } }", true),
        ("query($a: Int!) { deeper(times: $a) { deeper } }", true),
        ("query($a: Boolean) { deeper(times: $a) { deeper } }", false),
        ("query($a: PositionInput!) { names(list: [], input: $a) }", true),
        ("query($a: Int!) { names(list: [], input: { number: $a }) }", true),
        ("query($a: Int) { names(list: [], input: { number: $a }) }", false),
        ("query($a: Int) { names(list: [], input: { number: 1, more: $a }) }", true),
        ("query($a: [String!]!) { names(list: [], input: { number: 1, names: $a }) }", true),
        ("query($a: Boolean!) { deeper @include(if: $a) { names(list: []) @skip(if: $a) } }", true),
        ("query($a: Int!) { deeper @include(if: $a) { names(list: []) } }", false),
        ("query($a: Int!) { ... on PositionQuery { names(list: [$a]) } }", false),
        ("query($a: Int!) { ...F } fragment F on PositionQuery { deeper { names(list: $a) } }", false),
        ("query($a: Int!) { noSuchField(list: $a) deeper(noSuch: $a) { names(list: $other) } }", true),
    ];

    #[test]
    fn a_variable_stands_where_its_type_may() {
        look(Validator::new(Schema::build(Query, EmptyMutation, EmptySubscription)).registry());
    }
}
