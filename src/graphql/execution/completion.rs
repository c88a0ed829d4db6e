//! Completes the data of a response after failed fields.
//!
//! The executor leaves a failed field out of the data, nulls an object whose only field failed, and
//! answers fields in the order they were done. Here the data is laid out as the document asks:
//! fields in its order, `null` at each error's path, and where the type there is non-null, `null`
//! in place of the nearest nullable parent.

use std::collections::HashMap;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{ExecutableDocument, Field, OperationType, Selection, SelectionSet};
use async_graphql::registry::{MetaTypeName, Registry};
use async_graphql::{Name, PathSegment, Positioned, ServerError, Value};

use super::documents::operation;

/// Where errors happened, as a tree over their paths.
#[derive(Default)]
struct Failures {
    here: bool,
    below: HashMap<PathStep, Failures>,
}

#[derive(PartialEq, Eq, Hash)]
enum PathStep {
    Field(String),
    Index(usize),
}

impl Failures {
    fn of(errors: &[ServerError]) -> Self {
        let mut root = Self::default();
        for error in errors {
            let place = error.path.iter().fold(&mut root, |node, segment| {
                let step = match segment {
                    PathSegment::Field(name) => PathStep::Field(name.clone()),
                    PathSegment::Index(index) => PathStep::Index(*index),
                };
                node.below.entry(step).or_default()
            });
            place.here = true;
        }
        root
    }

    fn field(&self, name: &str) -> Option<&Self> {
        self.below.get(&PathStep::Field(name.to_owned()))
    }

    fn index(&self, index: usize) -> Option<&Self> {
        self.below.get(&PathStep::Index(index))
    }
}

/// A field of the answer: its type, and what is selected below it by all its occurrences.
struct Asked<'a> {
    ty: &'a str,
    below: Vec<&'a SelectionSet>,
}

/// Lays out the data of one response.
pub(super) struct Completion<'a> {
    registry: &'a Registry,
    document: &'a ExecutableDocument,
}

impl<'a> Completion<'a> {
    pub(super) const fn new(registry: &'a Registry, document: &'a ExecutableDocument) -> Self {
        Self { registry, document }
    }

    /// The data in its specified form. Data of a request that never ran stays `null`.
    pub(super) fn complete(&self, operation_name: Option<&str>, data: Value, errors: &[ServerError]) -> Value {
        let failures = Failures::of(errors);
        let Some(operation) = operation(self.document, operation_name).filter(|_| !failures.here) else { return data };
        if data == Value::Null && failures.below.is_empty() {
            return data;
        }
        let root = match operation.ty {
            OperationType::Query => Some(self.registry.query_type.as_str()),
            OperationType::Mutation => self.registry.mutation_type.as_deref(),
            OperationType::Subscription => self.registry.subscription_type.as_deref(),
        };
        let Some(root) = root else { return data };
        let failures = (!failures.below.is_empty()).then_some(&failures);
        self.object(root, &[&operation.selection_set.node], data, failures).unwrap_or(Value::Null)
    }

    /// The value as its type allows it; `None` when it would be a null that the type forbids.
    fn value(&self, asked: &Asked<'a>, ty: &'a str, value: Value, failures: Option<&Failures>) -> Option<Value> {
        let named = MetaTypeName::create(ty);
        let value = if failures.is_some_and(|failures| failures.here) {
            Value::Null
        } else {
            self.unwrapped(asked, named, value, failures).unwrap_or(Value::Null)
        };
        (value != Value::Null || !named.is_non_null()).then_some(value)
    }

    /// The value as its type allows it, apart from whether it may be null itself.
    fn unwrapped(
        &self,
        asked: &Asked<'a>,
        ty: MetaTypeName<'a>,
        value: Value,
        failures: Option<&Failures>,
    ) -> Option<Value> {
        // The executor nulls an object that has no field left: by failures, or since no fragment applied.
        let may_be_emptied = !asked.below.is_empty() && (failures.is_some() || ty.is_non_null());
        match (ty.unwrap_non_null(), value) {
            (MetaTypeName::List(item), Value::List(values)) => {
                let items = values.into_iter().enumerate().map(|(index, value)| {
                    self.value(asked, item, value, failures.and_then(|failures| failures.index(index)))
                });
                items.collect::<Option<Vec<_>>>().map(Value::List)
            }
            (MetaTypeName::Named(name), value @ Value::Object(_)) if !asked.below.is_empty() => {
                self.object(name, &asked.below, value, failures)
            }
            (MetaTypeName::Named(name), Value::Null) if may_be_emptied => {
                self.object(name, &asked.below, Value::Null, failures)
            }
            (_, value) => Some(value),
        }
    }

    fn object(
        &self,
        ty: &'a str,
        selections: &[&'a SelectionSet],
        value: Value,
        failures: Option<&Failures>,
    ) -> Option<Value> {
        let mut had = if let Value::Object(fields) = value { fields } else { IndexMap::new() };
        if let ([selection], None) = (selections, failures)
            && are_as_asked(&had, selection)
        {
            return self.below(ty, selection, had);
        }
        let mut asked = IndexMap::new();
        for selection in selections {
            self.collect(ty, selection, &mut asked);
        }
        let mut fields = IndexMap::with_capacity(had.len());
        for (key, field) in &asked {
            let below = failures.and_then(|failures| failures.field(key));
            let value = match (had.swap_remove(*key), below) {
                (Some(value), below) => self.value(field, field.ty, value, below)?,
                (None, Some(below)) => self.value(field, field.ty, Value::Null, Some(below))?,
                // Skipped by a directive, or of another type than the object's.
                (None, None) => continue,
            };
            fields.insert((*key).clone(), value);
        }
        Some(Value::Object(fields))
    }

    /// The object whose own fields are in their places, with what is below them laid out.
    fn below(&self, ty: &'a str, selection: &'a SelectionSet, mut had: IndexMap<Name, Value>) -> Option<Value> {
        for (item, value) in selection.items.iter().zip(had.values_mut()) {
            let Selection::Field(field) = &item.node else { continue };
            let below = &field.node.selection_set.node;
            if !below.items.is_empty() {
                let asked = Asked { ty: self.field_type(ty, &field.node), below: vec![below] };
                *value = self.value(&asked, asked.ty, std::mem::take(value), None)?;
            }
        }
        Some(Value::Object(had))
    }

    /// Adds the fields that the selection asks for, in its order.
    fn collect(&self, ty: &'a str, selection: &'a SelectionSet, asked: &mut IndexMap<&'a Name, Asked<'a>>) {
        for item in &selection.items {
            match &item.node {
                Selection::Field(field) => self.collect_field(ty, field, asked),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(ty, |on| on.node.on.node.as_str());
                    self.collect(on, &fragment.node.selection_set.node, asked);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.collect(on, &fragment.node.selection_set.node, asked);
                    }
                }
            }
        }
    }

    fn collect_field(&self, ty: &'a str, field: &'a Positioned<Field>, asked: &mut IndexMap<&'a Name, Asked<'a>>) {
        let field_type = self.field_type(ty, &field.node);
        let entry =
            asked.entry(&field.node.response_key().node).or_insert_with(|| Asked { ty: field_type, below: Vec::new() });
        if !field.node.selection_set.node.items.is_empty() {
            entry.below.push(&field.node.selection_set.node);
        }
    }

    fn field_type(&self, ty: &str, field: &Field) -> &'a str {
        let known = self.registry.types.get(ty).and_then(|ty| ty.field_by_name(field.name.node.as_str()));
        known.map_or("String", |field| field.ty.as_str())
    }
}

/// Whether an object has the very fields that the selection names one by one, in its order. So it is
/// nearly always, and then nothing has to be moved.
fn are_as_asked(had: &IndexMap<Name, Value>, selection: &SelectionSet) -> bool {
    had.len() == selection.items.len()
        && selection.items.iter().zip(had.keys()).all(|(item, key)| match &item.node {
            Selection::Field(field) => field.node.response_key().node == *key,
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
        })
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptySubscription, Object, Request, Schema, SimpleObject};

    use crate::domain::Actor;
    use crate::graphql::caller::Caller;
    use crate::graphql::error::{ApiError, Result};
    use crate::graphql::execution::usual_engine;

    #[derive(Default)]
    struct Item(i32);

    #[Object(name = "TestItem")]
    impl Item {
        async fn id(&self) -> i32 {
            self.0
        }

        async fn sure(&self) -> Result<i32> {
            if self.0 == 2 { Err(ApiError::bad_input()) } else { Ok(self.0) }
        }

        async fn maybe(&self) -> Result<Option<i32>> {
            if self.0 == 2 { Err(ApiError::bad_input()) } else { Ok(Some(self.0)) }
        }

        async fn slow(&self) -> i32 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            self.0
        }
    }

    #[derive(SimpleObject)]
    #[graphql(name = "TestBox")]
    struct Parcel {
        item: Item,
        spare: Option<Item>,
    }

    struct Query;

    #[Object(name = "TestQuery")]
    impl Query {
        async fn items(&self) -> Option<Vec<Item>> {
            Some((1..=3).map(Item).collect())
        }

        async fn holes(&self) -> Option<Vec<Option<Item>>> {
            Some((1..=3).map(|number| Some(Item(number))).collect())
        }

        async fn parcel(&self) -> Option<Parcel> {
            Some(Parcel { item: Item(2), spare: Some(Item(2)) })
        }
    }

    struct Mutation;

    #[Object(name = "TestMutation")]
    impl Mutation {
        async fn first(&self) -> Option<i32> {
            Some(1)
        }

        async fn second(&self) -> Result<Option<i32>> {
            Err(ApiError::bad_input())
        }
    }

    async fn answer(query: &str) -> (String, usize) {
        let engine = usual_engine(|| Schema::build(Query, Mutation, EmptySubscription));
        let caller = Caller { actor: Actor::System };
        let response = engine.execute(Request::new(query).data(caller)).await;
        let errors = response.errors.len();
        (serde_json::to_string(&response.data).expect("data is JSON"), errors)
    }

    #[tokio::test]
    async fn fields_come_in_the_order_asked() {
        let (data, _) = answer("{ parcel { spare { slow id } item { slow id again: slow } } }").await;
        assert_eq!(data, r#"{"parcel":{"spare":{"slow":2,"id":2},"item":{"slow":2,"id":2,"again":2}}}"#);
    }

    #[tokio::test]
    async fn a_failing_nullable_field_is_null_in_its_place() {
        let (data, errors) = answer("{ items { maybe id } }").await;
        assert_eq!(data, r#"{"items":[{"maybe":1,"id":1},{"maybe":null,"id":2},{"maybe":3,"id":3}]}"#);
        assert_eq!(errors, 1);
    }

    #[tokio::test]
    async fn a_failing_non_null_field_nulls_the_nearest_nullable_parent() {
        assert_eq!(answer("{ items { id sure } }").await, (r#"{"items":null}"#.to_owned(), 1));
        let (data, _) = answer("{ holes { id sure } }").await;
        assert_eq!(data, r#"{"holes":[{"id":1,"sure":1},null,{"id":3,"sure":3}]}"#);
        let (data, _) = answer("{ parcel { spare { sure } item { id } } }").await;
        assert_eq!(data, r#"{"parcel":{"spare":null,"item":{"id":2}}}"#);
        let (data, _) = answer("{ parcel { spare { id } item { sure } } items { id } }").await;
        assert_eq!(data, r#"{"parcel":null,"items":[{"id":1},{"id":2},{"id":3}]}"#);
    }

    #[tokio::test]
    async fn an_only_field_that_fails_leaves_its_object() {
        let (data, _) = answer("{ parcel { item { maybe } } }").await;
        assert_eq!(data, r#"{"parcel":{"item":{"maybe":null}}}"#);
    }

    #[tokio::test]
    async fn neighbours_of_a_failed_mutation_stand() {
        assert_eq!(answer("mutation { first second }").await, (r#"{"first":1,"second":null}"#.to_owned(), 1));
        assert_eq!(answer("mutation { second }").await, (r#"{"second":null}"#.to_owned(), 1));
    }

    #[tokio::test]
    async fn aliases_fragments_and_directives_are_followed() {
        let query = "query Named { a: items { ...Part } b: holes { x: maybe ... on TestItem { y: id } } } \
                     fragment Part on TestItem { z: maybe id sure @skip(if: true) }";
        let (data, errors) = answer(query).await;
        let expected = r#"{"a":[{"z":1,"id":1},{"z":null,"id":2},{"z":3,"id":3}],"b":[{"x":1,"y":1},{"x":null,"y":2},{"x":3,"y":3}]}"#;
        assert_eq!((data.as_str(), errors), (expected, 2));
    }

    #[tokio::test]
    async fn several_errors_each_leave_their_null() {
        let (data, errors) = answer("{ parcel { item { a: maybe b: maybe id } spare { sure id } } }").await;
        assert_eq!(data, r#"{"parcel":{"item":{"a":null,"b":null,"id":2},"spare":null}}"#);
        assert_eq!(errors, 3);
    }

    #[tokio::test]
    async fn introspection_passes_unchanged() {
        let (data, errors) = answer(r#"{ __typename __type(name: "TestItem") { name fields { name } } }"#).await;
        assert!(data.starts_with(r#"{"__typename":"TestQuery","__type":{"name":"TestItem","fields":["#), "{data}");
        assert_eq!(errors, 0);
    }

    #[tokio::test]
    async fn what_never_ran_has_no_data() {
        assert_eq!(answer("{ nothing }").await, ("null".to_owned(), 1));
        assert_eq!(answer("{").await, ("null".to_owned(), 1));
    }
}
