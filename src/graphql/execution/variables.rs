//! Values of variables against their types, before anything runs.
//!
//! The specification makes a wrong value an error of the whole request (CoerceVariableValues, section
//! 6.1.2). The framework finds it while it validates, or later in a field, depending on whether the
//! document is validated anew; here the answer is the same every time.

use async_graphql::parser::types::VariableDefinition;
use async_graphql::registry::{MetaType, MetaTypeName, Registry};
use async_graphql::{Positioned, Value, Variables};

/// Deepest nesting of a value.
const NESTING_MAX: usize = 32;

/// Whether each variable has a value of its type. A type that is not there is the document's fault
/// and left to validation.
pub(super) fn fit(registry: &Registry, definitions: &[Positioned<VariableDefinition>], variables: &Variables) -> bool {
    definitions.iter().all(|definition| {
        let definition = &definition.node;
        let ty = definition.var_type.node.to_string();
        match variables.get(&definition.name.node) {
            Some(value) => fits(registry, MetaTypeName::create(&ty), value, 0),
            None => definition.default_value.is_some() || definition.var_type.node.nullable,
        }
    })
}

fn fits(registry: &Registry, ty: MetaTypeName<'_>, value: &Value, depth: usize) -> bool {
    if depth > NESTING_MAX {
        return false;
    }
    match (ty, value) {
        (MetaTypeName::NonNull(_), Value::Null) => false,
        (MetaTypeName::NonNull(inner), value) => fits(registry, MetaTypeName::create(inner), value, depth),
        (_, Value::Null) => true,
        (MetaTypeName::List(item), Value::List(values)) => {
            values.iter().all(|value| fits(registry, MetaTypeName::create(item), value, depth + 1))
        }
        // One value stands for a list of it.
        (MetaTypeName::List(item), value) => fits(registry, MetaTypeName::create(item), value, depth + 1),
        (MetaTypeName::Named(name), value) => match registry.types.get(name) {
            Some(ty) => fits_named(registry, ty, value, depth),
            None => true,
        },
    }
}

fn fits_named(registry: &Registry, ty: &MetaType, value: &Value, depth: usize) -> bool {
    match (ty, value) {
        // The framework's own check lets every whole number pass.
        (MetaType::Scalar { name, .. }, Value::Number(number)) if name == "Int" => {
            number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
        }
        (MetaType::Scalar { is_valid, .. }, value) => is_valid.as_ref().is_none_or(|is_valid| is_valid(value)),
        (MetaType::Enum { enum_values, .. }, Value::String(name)) => enum_values.contains_key(name),
        (MetaType::Enum { enum_values, .. }, Value::Enum(name)) => enum_values.contains_key(name.as_str()),
        (MetaType::InputObject { input_fields, .. }, Value::Object(values)) => {
            let are_known = values.keys().all(|name| input_fields.contains_key(name.as_str()));
            are_known
                && input_fields.iter().all(|(name, field)| match values.get(name.as_str()) {
                    Some(value) => fits(registry, MetaTypeName::create(&field.ty), value, depth + 1),
                    None => field.default_value.is_some() || !MetaTypeName::create(&field.ty).is_non_null(),
                })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::{EmptyMutation, EmptySubscription, Enum, InputObject, Object, Schema};
    use serde_json::json;

    use super::*;
    use crate::graphql::execution::validation::Validator;

    #[derive(Clone, Copy, Enum, PartialEq, Eq)]
    #[graphql(name = "VariableColour")]
    enum Colour {
        Red,
        Blue,
    }

    #[derive(InputObject)]
    #[graphql(name = "VariableInput")]
    struct Input {
        number: i32,
        colours: Option<Vec<Colour>>,
        #[graphql(default = 5)]
        more: i32,
    }

    struct Query;

    #[Object(name = "VariableQuery")]
    impl Query {
        async fn sum(&self, input: Input) -> i32 {
            input.number + input.more + i32::try_from(input.colours.unwrap_or_default().len()).unwrap_or(0)
        }
    }

    fn look(registry: &Registry) {
        for (definition, variables, right) in cases() {
            let document = parse_query(format!("query($a: {definition}) {{ sum }}")).expect("it is GraphQL");
            let (_, operation) = document.operations.iter().next().expect("there is an operation");
            let given = Variables::from_json(variables.clone());
            let fits = fit(registry, &operation.node.variable_definitions, &given);
            assert_eq!(fits, right, "{definition} {variables}");
        }
    }

    fn cases() -> Vec<(&'static str, serde_json::Value, bool)> {
        vec![
            ("Int", json!({}), true),
            ("Int!", json!({}), false),
            ("Int! = 3", json!({}), true),
            ("Int! = 3", json!({ "a": null }), false),
            ("Int", json!({ "a": null }), true),
            ("Int", json!({ "a": 7 }), true),
            ("Int", json!({ "a": "7" }), false),
            ("Int", json!({ "a": 3_000_000_000_i64 }), false),
            ("String", json!({ "a": 7 }), false),
            ("Boolean", json!({ "a": "true" }), false),
            ("[Int!]", json!({ "a": [1, 2] }), true),
            ("[Int!]", json!({ "a": 1 }), true),
            ("[Int!]", json!({ "a": [1, null] }), false),
            ("[[Int]]", json!({ "a": [[1], null] }), true),
            ("VariableColour", json!({ "a": "RED" }), true),
            ("VariableColour", json!({ "a": "GREEN" }), false),
            ("VariableColour", json!({ "a": 1 }), false),
            ("VariableInput!", json!({ "a": { "number": 1 } }), true),
            ("VariableInput!", json!({ "a": { "number": 1, "colours": ["RED", "BLUE"] } }), true),
            ("VariableInput!", json!({ "a": { "number": 1, "colours": ["PINK"] } }), false),
            ("VariableInput!", json!({ "a": { "number": 1, "unknown": 1 } }), false),
            ("VariableInput!", json!({ "a": { "more": 1 } }), false),
            ("VariableInput!", json!({ "a": [{ "number": 1 }] }), false),
            ("Nothing", json!({ "a": 1 }), true),
        ]
    }

    #[test]
    fn a_value_is_of_its_type_or_it_is_not() {
        look(Validator::new(Schema::build(Query, EmptyMutation, EmptySubscription)).registry());
    }
}
