//! The form of answers: over HTTP, of values out of range, and of failures beside successes.

use serde_json::{Value, json};

use super::{ADA, ask, post};
use crate::support::{Server, sql};
use key_recycling::domain::Scope;

const JSON: (&str, &str) = ("content-type", "application/json");

on_both_databases! {
    async fn http_is_strict(database) {
        let mut server = Server::start(database).await;
        let endpoint = format!("{}/graphql", server.public());
        let query = json!({ "query": "{ viewer { id } }" }).to_string();
        let login = server.owner(ADA).authorization;
        let signed = ("authorization", login.as_str());
        let answer = post(&endpoint, &[JSON, signed], query.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        for (name, value) in [
            ("content-type", "application/json; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert!(answer.headers.contains(&(name.to_owned(), value.to_owned())), "{name}: {:?}", answer.headers);
        }
        for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            let refused = post(&endpoint, &[("content-type", media), signed], query.clone()).await;
            assert_eq!((refused.status, refused.code()), (415, "BAD_USER_INPUT".into()), "{media}");
        }
        assert_eq!(post(&endpoint, &[signed], query.clone()).await.status, 415);
        let large = post(&endpoint, &[JSON, signed], " ".repeat(64 * 1024 + 1)).await;
        assert_eq!((large.status, large.code()), (413, "BAD_USER_INPUT".into()));
        for body in ["", "{", "[]", "{}", "null", r#"[{"query":"{ viewer { id } }"}]"#, r#"{"query":1}"#] {
            let refused = post(&endpoint, &[JSON, signed], body.to_owned()).await;
            assert_eq!((refused.status, refused.code()), (400, "BAD_USER_INPUT".into()), "{body}");
        }
        let refused = post(&endpoint, &[JSON, ("authorization", "tma nonsense")], query).await;
        assert_eq!((refused.status, refused.code()), (401, "UNAUTHENTICATED".into()));
        server.stop().await;
    }

    /// What does not parse or fit says so by its code, and echoes nothing of what was sent.
    async fn bad_documents_have_codes(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(ADA);
        for (document, code) in [
            ("{ viewer", "GRAPHQL_PARSE_FAILED"),
            ("{ veiwer_echo }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ viewer { id } viewer_echo: node { id } }", "GRAPHQL_VALIDATION_FAILED"),
            ("query($echo: ID!) { node(id: $echo) { id } }", "BAD_USER_INPUT"),
            ("query A { viewer { id } } query B { viewer { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ] {
            let answer = owner.run(document, json!({})).await;
            assert_eq!(answer.code(), code, "{document}: {}", answer.0);
            assert!(!answer.0.to_string().contains("echo"), "{}", answer.0);
        }
        server.stop().await;
    }

    async fn values_have_ranges(database) {
        let mut server = Server::start(database).await;
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        for (weight, fits) in [(-1, false), (0, true), (100, true), (101, false), (i64::from(i32::MAX), false)] {
            let document = format!("{{ bestKey(route: {{ taskType: TURNSTILE, speedWeight: {weight} }}) {{ speedWeight }} }}");
            let answer = dispatcher.run(&document, Value::Null).await;
            assert_eq!(answer.code(), if fits { "none" } else { "BAD_USER_INPUT" }, "{weight}");
            let document = "mutation($weight: Int!) { openLease(input: { taskId: \"t\", route: {
                taskType: TURNSTILE, speedWeight: $weight } }) { userErrors { code } } }";
            let answer = dispatcher.run(document, json!({ "weight": weight })).await;
            assert_eq!(answer.code(), if fits { "none" } else { "BAD_USER_INPUT" }, "{weight}");
        }
        let amounts = [
            (json!("1"), Some("1")),
            (json!("1.50"), Some("1.5")),
            (json!("0.000000001"), Some("0.000000001")),
            (json!("007.10"), Some("7.1")),
            (json!("1e3"), None),
            (json!("+1"), None),
            (json!(".5"), None),
            (json!("1."), None),
            (json!("0.0000000001"), None),
            (json!(" 1"), None),
            (json!("1,5"), None),
            (json!("١"), None),
            (json!("NaN"), None),
            (json!(""), None),
            (json!("99999999999999999999"), None),
            (json!(1), None),
            (json!(1.5), None),
            (Value::Null, None),
        ];
        for (number, (amount, shown)) in amounts.into_iter().enumerate() {
            let document = "mutation($input: DepositCreditsInput!) { depositCredits(input: $input) {
                transaction { amount } userErrors { code } } }";
            let name = number.to_string();
            let input = json!({ "account": { "telegramUserId": "5" }, "amount": amount, "idempotencyKey": name });
            let answer = billing.run(document, json!({ "input": input })).await;
            match shown {
                Some(shown) => {
                    assert_eq!(answer.data()["depositCredits"]["transaction"]["amount"], shown, "{amount}");
                }
                None => assert!(
                    ["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&answer.code()),
                    "{amount}: {}", answer.0
                ),
            }
        }
        // Texts with characters that one of the databases cannot store.
        for document in ["query($id: ID!) { bestKey(route: { taskType: TURNSTILE }, taskId: $id) { summary } }",
            "query($id: ID!) { attempts(taskId: $id) { totalCount } }",
            "mutation($id: ID!) { openLease(input: { taskId: $id, route: { taskType: TURNSTILE } }) { userErrors { code } } }"]
        {
            for id in ["", "a\u{0}b", &"t".repeat(129)] {
                let answer = dispatcher.run(document, json!({ "id": id })).await;
                assert_eq!(answer.code(), "BAD_USER_INPUT", "{document} {id:?}: {}", answer.0);
            }
        }
        let operator = server.service("operations", &[Scope::Operate]).await;
        let answer = operator.run("query($a: [String!]) { auditLog(actions: $a) { totalCount } }", json!({ "a": ["\u{0}"] }));
        assert_eq!(answer.await.data()["auditLog"]["totalCount"], 0);
        server.stop().await;
    }

    /// Of two mutations in one request the first stands when the second fails, and the failed one
    /// is null in its place.
    async fn a_failure_leaves_its_neighbours_standing(database) {
        let mut server = Server::start(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let document = "mutation {
            first: depositCredits(input: { account: { telegramUserId: \"5000000001\" }, amount: \"1\", idempotencyKey: \"a\" })
                { transaction { amount } }
            second: resolveAttempt(input: { attemptId: \"x\", cost: \"0\", note: \"n\" }) { userErrors { code } }
            third: depositCredits(input: { account: { telegramUserId: \"5000000001\" }, amount: \"2\", idempotencyKey: \"b\" })
                { transaction { amount } } }";
        let answer = ask(&billing.endpoint, &billing.authorization, document, Value::Null).await;
        let data = r#""data":{"first":{"transaction":{"amount":"1"}},"second":null,"third":{"transaction":{"amount":"2"}}}"#;
        assert!(answer.body.contains(data), "fields in the order asked: {}", answer.body);
        let errors = &answer.json()["errors"];
        assert_eq!(errors.as_array().map(Vec::len), Some(1));
        assert_eq!((&errors[0]["path"], &errors[0]["extensions"]["code"]), (&json!(["second"]), &json!("FORBIDDEN")));
        assert_eq!(errors[0]["extensions"]["requestId"], "REQUEST-ID", "the same id as in the header");
        assert_eq!(server.owner(ADA).account().await["balance"], "3");
        server.stop().await;
    }

    /// A non-null field that fails inside a list takes the nearest nullable parent with it, and
    /// nothing of the cause shows.
    async fn a_failed_field_in_a_list_nulls_its_nullable_parent(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(ADA);
        let key = server.providers.key("two_captcha", "1").await;
        let id = owner.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone();
        let fields = "transactions(after: \"nonsense\") { totalCount }";
        let document = format!("query($id: ID!) {{ viewer {{ id keys {{ nodes {{ id {fields} }} }} }}
            nodes(ids: [$id, \"x\", $id]) {{ id ... on RecycledKey {{ {fields} }} }}
            rateLimit {{ cost }} }}");
        let answer = owner.run(&document, json!({ "id": id })).await;
        let data = &answer.0["data"];
        assert_eq!(data["viewer"], Value::Null);
        assert_eq!(data["nodes"], json!([null, null, null]));
        assert!(data["rateLimit"]["cost"].is_number(), "its neighbour stands");
        let rows = server.database.connect().await;
        sql::run(&rows, "UPDATE provider_key SET status = 'ACTIVE', provider = 'NO_SUCH_PROVIDER'").await;
        let answer = owner.run("{ viewer { id keys { nodes { id } } } rateLimit { limit } }", Value::Null).await;
        assert_eq!((answer.code(), &answer.0["data"]["viewer"]), ("INTERNAL", &Value::Null));
        assert!(answer.0["data"]["rateLimit"].is_object());
        assert!(!answer.0.to_string().contains("NO_SUCH"), "{}", answer.0);
        server.stop().await;
    }
}
