//! Methods, media types, statuses and headers.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::caller::http_client;

const OLD: &str = "application/json";
const NEW: &str = "application/graphql-response+json";
const ADA: i64 = 5_000_000_001;

/// The endpoint of a server, with an owner's login.
struct Endpoint {
    address: String,
    authorization: String,
}

impl Endpoint {
    fn of(server: &Server) -> Self {
        let owner = server.owner(ADA);
        Self { address: owner.endpoint, authorization: owner.authorization }
    }

    fn request(&self, method: Method, query: &str) -> RequestBuilder {
        let address = format!("{}{query}", self.address);
        http_client().request(method, address).header("authorization", &self.authorization)
    }

    async fn post(&self, accept: &str, body: &Value) -> Response {
        let request = self.request(Method::POST, "").header("accept", accept).header("content-type", OLD);
        request.body(body.to_string()).send().await.expect("an answer")
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("a text"))
}

/// Encodes a text for a query string.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

on_both_databases! {
    /// What came of the request decides the status, and the form that is wanted decides how.
    async fn a_status_says_how_the_request_fared(database) {
        let mut server = Server::start(database).await;
        let endpoint = Endpoint::of(&server);
        for (body, new, old, has_data) in [
            (json!({ "query": "{ viewer { id } }" }), 200, 200, true),
            (json!({ "query": "{ node(id: \"x\") { id } }" }), 200, 200, true),
            (json!({ "query": "{ bestKey(route: { taskType: TURNSTILE }) { summary } }" }), 200, 200, true),
            (json!({ "query": "{ viewer" }), 400, 200, false),
            (json!({ "query": "{ nothing }" }), 400, 200, false),
            (json!({ "query": "query($id: ID!) { node(id: $id) { id } }" }), 400, 200, false),
            (json!({ "query": "{ viewer { id } }", "operationName": "Nothing" }), 400, 200, false),
            (json!({ "query": "query A { viewer { id } } query B { viewer { id } }" }), 400, 200, false),
            (json!({ "qeury": "{ viewer { id } }" }), 400, 400, false),
        ] {
            for (accept, status) in [(NEW, new), (OLD, old)] {
                let response = endpoint.post(accept, &body).await;
                assert_eq!(header(&response, "content-type"), format!("{accept}; charset=utf-8"), "{body}");
                assert_eq!(response.status().as_u16(), status, "{accept}: {body}");
                let answer: Value = serde_json::from_str(&response.text().await.expect("a text")).expect("JSON");
                assert_eq!(answer.get("data").is_some(), has_data, "{body}: {answer}");
            }
        }
        server.stop().await;
    }

    /// The same query is a query by GET as well; what does something is not.
    async fn a_get_reads_and_does_nothing(database) {
        let mut server = Server::start(database).await;
        let endpoint = Endpoint::of(&server);
        let get = |query: String| endpoint.request(Method::GET, &query).send();
        let query = encoded("query A($n: Int) { viewer { keys(first: $n) { totalCount } } }");
        let response = get(format!("?query={query}&operationName=A&variables={}", encoded(r#"{"n":5}"#))).await;
        let response = response.expect("an answer");
        assert_eq!(response.status(), 200);
        let answer: Value = serde_json::from_str(&response.text().await.expect("a text")).expect("JSON");
        assert_eq!(answer["data"]["viewer"]["keys"]["totalCount"], 0, "{answer}");
        let mutation = encoded("mutation { removeKey(input: { keyId: \"x\" }) { userErrors { code } } }");
        for query in [mutation.clone(), format!("{}&operationName=B", encoded("query A { viewer { id } } mutation B { removeKey(input: { keyId: \"x\" }) { userErrors { code } } }"))] {
            let response = get(format!("?query={query}")).await.expect("an answer");
            assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "POST"));
        }
        for query in ["", "?operationName=A", "?query=%7Bviewer%7Bid%7D%7D&variables=nonsense"] {
            assert_eq!(get(query.to_owned()).await.expect("an answer").status(), 400, "{query}");
        }
        for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::HEAD] {
            let response = endpoint.request(method.clone(), "").send().await.expect("an answer");
            assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "GET, POST"), "{method}");
        }
        server.stop().await;
    }

    async fn what_is_not_wanted_is_not_sent(database) {
        let mut server = Server::start(database).await;
        let endpoint = Endpoint::of(&server);
        let body = json!({ "query": "{ viewer { id } }" });
        for (accept, status, media) in [
            ("*/*", 200, OLD),
            ("application/*", 200, OLD),
            ("application/graphql-response+json, application/json;q=0.9", 200, NEW),
            ("text/html", 406, OLD),
            ("image/png, text/*", 406, OLD),
        ] {
            let response = endpoint.post(accept, &body).await;
            assert_eq!(response.status().as_u16(), status, "{accept}");
            assert_eq!(header(&response, "content-type"), format!("{media}; charset=utf-8"), "{accept}");
        }
        let request = endpoint.request(Method::POST, "").header("content-type", "application/json; charset=utf-16");
        assert_eq!(request.body(body.to_string()).send().await.expect("an answer").status(), 415);
        let anonymous = http_client().post(&endpoint.address).header("authorization", "Bearer nonsense");
        let refused = anonymous.header("content-type", OLD).body(body.to_string()).send().await.expect("an answer");
        assert_eq!((refused.status().as_u16(), header(&refused, "www-authenticate")), (401, "Bearer"));
        server.stop().await;
    }

    /// A request keeps the id that it brings, in its header and in its errors; a strange one is not kept.
    async fn a_request_keeps_its_id(database) {
        let mut server = Server::start(database).await;
        let endpoint = Endpoint::of(&server);
        for (brought, is_kept) in [("trace-1.2_3", true), ("a b", false), (&*"x".repeat(65), false), ("<b>", false)] {
            let request = endpoint.request(Method::POST, "").header("content-type", OLD).header("x-request-id", brought);
            let response = request.body(json!({ "query": "{" }).to_string()).send().await.expect("an answer");
            let id = header(&response, "x-request-id").to_owned();
            assert_eq!(id == brought, is_kept, "{brought}: {id}");
            let answer: Value = serde_json::from_str(&response.text().await.expect("a text")).expect("JSON");
            assert_eq!(answer["errors"][0]["extensions"]["requestId"], id);
        }
        server.stop().await;
    }

    /// An answer says what it cost; whoever spent his budget is told when to come again.
    async fn the_price_is_shown_and_the_budget_ends(database) {
        let mut server = Server::start(database).await;
        let endpoint = Endpoint::of(&server);
        let body = json!({ "query": "{ viewer { keys(first: 100) { nodes { id transactions(first: 30) { totalCount } } } } }" });
        let mut spent = 0;
        let refused = loop {
            let response = endpoint.post(NEW, &body).await;
            if response.status() == 429 {
                break response;
            }
            let answer: Value = serde_json::from_str(&response.text().await.expect("a text")).expect("JSON");
            let cost = &answer["extensions"]["cost"];
            let of = |name: &str| cost[name].as_u64().unwrap_or_else(|| panic!("{name}: {answer}"));
            spent += of("requested");
            assert_eq!(of("limit") - of("remaining"), spent, "{cost}");
        };
        assert!(spent > 0);
        let retry_after: u64 = header(&refused, "retry-after").parse().expect("seconds");
        assert!((1..=61).contains(&retry_after), "{retry_after}");
        assert_eq!(endpoint.post(OLD, &body).await.status(), 429);
        server.pass_time(std::time::Duration::from_secs(61)).await;
        assert_eq!(endpoint.post(NEW, &body).await.status(), 200);
        server.stop().await;
    }

    /// The first answer and those after it, which come from a kept document, are the same.
    async fn a_known_document_is_answered_as_a_new_one(database) {
        let mut server = Server::start(database).await;
        let endpoint = Endpoint::of(&server);
        for (document, variables) in [
            ("query($id: ID!) { node(id: $id) { id } }", json!({ "id": "x" })),
            ("query($id: ID!) { node(id: $id) { id } }", json!({})),
            ("query($id: ID!) { node(id: $id) { id } }", json!({ "id": null })),
            ("query($id: ID!) { node(id: $id) { id } }", json!({ "id": [] })),
            ("query($n: Int) { viewer { keys(first: $n) { totalCount } } }", json!({ "n": 5 })),
            ("query($n: Int) { viewer { keys(first: $n) { totalCount } } }", json!({ "n": "5" })),
            ("query($n: Int) { viewer { keys(first: $n) { totalCount } } }", json!({ "n": 101 })),
            ("query($s: [KeyStatus!]) { viewer { keys(statuses: $s) { totalCount } } }", json!({ "s": ["NONE"] })),
        ] {
            let mut answers = Vec::new();
            for _ in 0..3 {
                let response = endpoint.post(NEW, &json!({ "query": document, "variables": variables })).await;
                let status = response.status();
                let text = response.text().await.expect("a text");
                let mut answer: Value = serde_json::from_str(&text).expect("JSON");
                answer["extensions"] = Value::Null;
                if let Some(error) = answer["errors"].get_mut(0) {
                    error["extensions"]["requestId"] = Value::Null;
                }
                answers.push((status, answer));
            }
            assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{document} {variables}: {answers:#?}");
        }
        server.stop().await;
    }
}
