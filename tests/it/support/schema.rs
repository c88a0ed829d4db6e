//! The committed schema, to be walked.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{FieldDefinition, TypeDefinition, TypeKind, TypeSystemDefinition};

/// The types whose fields are operations.
pub(crate) const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];

/// Its types.
pub(crate) fn types() -> Vec<TypeDefinition> {
    let text = include_str!("../../../schema.graphql");
    let document = parse_schema(text).expect("the committed schema is GraphQL");
    let types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(definition.node),
        _ => None,
    });
    types.collect()
}

/// The fields of an object.
pub(crate) fn fields(name: &str) -> Vec<FieldDefinition> {
    let found = types().into_iter().find(|it| it.name.node == name).expect("a type of the schema");
    let TypeKind::Object(object) = found.kind else { panic!("{name} is no object") };
    object.fields.into_iter().map(|field| field.node).collect()
}
