//! Small documents that ask for much.

use std::fmt::Write as _;

use serde_json::{Value, json};

fn many(count: usize, of: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        write!(text, "{} ", of(number)).expect("it is written");
        text
    })
}

fn in_viewer(selection: &str) -> String {
    format!("{{ viewer {{ {selection} }} }}")
}

/// Fragments of which each spreads the next so many times, down to an id.
fn spreading(fragments: usize, times: usize) -> String {
    spreading_to(fragments, times, "id")
}

fn spreading_to(fragments: usize, times: usize, end: &str) -> String {
    let chain = many(fragments, |number| {
        format!("fragment f{number} on Account {{ {} }}", many(times, |_| format!("...f{}", number + 1)))
    });
    format!("{{ viewer {{ ...f0 }} }} {chain} fragment f{fragments} on Account {{ {end} }}")
}

fn nested(depth: usize) -> String {
    let open = "keys { nodes { transactions { nodes { key { ".repeat(depth);
    format!("{{ viewer {{ {open} id {} }} }}", "} } } } }".repeat(depth))
}

/// Name, document and variables.
pub(crate) fn bombs() -> Vec<(&'static str, String, Value)> {
    let none = || json!({});
    let tall = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let object = |depth: usize| format!("{}1{}", "{a:".repeat(depth), "}".repeat(depth));
    vec![
        ("fragments 2^25", spreading(25, 2), none()),
        ("fragments 3^16", spreading(16, 3), none()),
        ("fragments 10^6", spreading(6, 10), none()),
        ("fragments 2^60", spreading(60, 2), none()),
        ("fragments 8^8 of nothing", spreading_to(8, 8, "...nothing"), none()),
        ("a circle of one", "{ viewer { ...f } } fragment f on Account { ...f }".to_owned(), none()),
        ("a circle of two", "{ viewer { ...f } } fragment f on Account { ...g } fragment g on Account { ...f }".to_owned(), none()),
        ("a circle nobody spreads", "{ viewer { id } } fragment f on Account { ...f id }".to_owned(), none()),
        ("a circle through inline fragments", "{ viewer { ...f } } fragment f on Account { ... { ... on Account { ...f } } }".to_owned(), none()),
        ("depth 10", nested(10), none()),
        ("depth 100", nested(100), none()),
        ("depth 500", nested(500), none()),
        ("inline fragments in each other", in_viewer(&format!("{} id {}", "... { ".repeat(500), "}".repeat(500))), none()),
        ("20,000 aliases", in_viewer(&many(3_500, |number| format!("a{number}: id"))), none()),
        ("aliases of __typename", in_viewer(&many(3_500, |number| format!("a{number}: __typename"))), none()),
        ("one field again and again", in_viewer(&many(9_000, |_| "id".to_owned())), none()),
        ("root fields", format!("{{ {} }}", many(200, |_| "viewer { id }".to_owned())), none()),
        ("aliased root fields", format!("{{ {} }}", many(200, |number| format!("a{number}: viewer {{ id }}"))), none()),
        ("mutations", format!("mutation {{ {} }}", many(50, |number| format!("a{number}: removeKey(input: {{ keyId: \"x\" }}) {{ userErrors {{ code }} }}"))), none()),
        ("unknown fields", in_viewer(&many(9_000, |number| format!("z{number}"))), none()),
        ("unknown arguments", in_viewer(&format!("keys({}) {{ totalCount }}", many(3_000, |number| format!("z{number}: 1")))), none()),
        ("directives on a field", in_viewer(&format!("id {}", many(1_500, |_| "@skip(if: false)".to_owned()))), none()),
        ("directives on fragments", in_viewer(&many(400, |_| "... @include(if: true) { id }".to_owned())), none()),
        ("unknown directives", in_viewer(&format!("id {}", many(3_000, |_| "@nothing".to_owned()))), none()),
        ("variables", format!("query({}) {{ viewer {{ id }} }}", many(3_000, |number| format!("$v{number}: Int"))), none()),
        ("operations", many(1_000, |number| format!("query q{number} {{ viewer {{ id }} }}")), none()),
        ("fragments nobody spreads", format!("{{ viewer {{ id }} }} {}", many(1_000, |number| format!("fragment f{number} on Account {{ id }}"))), none()),
        ("a deep list", format!("{{ node(id: {}) {{ id }} }}", tall(5_000)), none()),
        ("a deep object", format!("{{ node(id: {}) {{ id }} }}", object(5_000)), none()),
        ("a deep value", "query($id: ID!) { node(id: $id) { id } }".to_owned(), json!({ "id": deep_value(100) })),
        ("a huge string", format!("{{ node(id: \"{}\") {{ id }} }}", "x".repeat(60_000)), none()),
        ("a huge name", format!("{{ {} }}", "x".repeat(60_000)), none()),
        ("pages of pages", "{ viewer { keys(first: 100) { nodes { transactions(first: 100) { nodes { key { transactions(first: 100) { totalCount } } } } } } } }".to_owned(), none()),
        ("brackets", "{".repeat(60_000), none()),
    ]
}

fn deep_value(depth: usize) -> Value {
    (0..depth).fold(json!(1), |value, _| json!([value]))
}
