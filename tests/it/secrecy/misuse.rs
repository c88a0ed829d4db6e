//! Secrets where they do not belong: every wrong place of a request, a socket, a gateway call.

use std::time::Duration;

use serde_json::{Value, json};

use super::scenario::{Callers, Planted, SUBMIT, call, turnstile_at};
use super::witness::Witness;
use crate::support::database::rand_u64;
use crate::support::eventually;
use crate::support::socket::Socket;

/// Keys at every wrong place of a request.
pub(super) async fn misuse_the_api(witness: &Witness, planted: &Planted, callers: &Callers) {
    let key = planted.key(&format!("K{:016x}{:015x}", rand_u64(), rand_u64() >> 4));
    let documents = [
        format!(
            "mutation {{ submitKey(input: {{ provider: MULTIBOT, kee: \"{key}\" }}) {{ userErrors {{ code }} }} }}"
        ),
        format!("mutation {{ submitKey(input: {{ provider: {key}, key: \"{key}\" }}) {{ userErrors {{ code }} }} }}"),
        format!(
            "mutation {{ submitKey(input: {{ provider: MULTIBOT, key: [\"{key}\"] }}) {{ userErrors {{ code }} }} }}"
        ),
        format!("mutation {{ submitKey(inptu: \"{key}\") {{ userErrors {{ code }} }} }}"),
        format!("mutation {{ submitKee(input: {{ key: \"{key}\" }}) {{ userErrors {{ code }} }} }}"),
        format!(
            "mutation($k: ProviderKey! = \"{key}\") {{ submitKey(input: {{ provider: NONE, key: $k }}) {{ key {{ id }} }} }}"
        ),
        format!(
            "mutation($k: [ProviderKey!] = [\"{key}\"]) {{ submitKey(input: {{ provider: MULTIBOT, key: $k }}) {{ key {{ id }} }} }}"
        ),
        format!(
            "mutation($k: Int! = \"{key}\") {{ submitKey(input: {{ provider: MULTIBOT, key: $k }}) {{ key {{ id }} }} }}"
        ),
        format!(
            "mutation(${key}: ProviderKey!) {{ submitKey(input: {{ provider: MULTIBOT, key: ${key} }}) {{ key {{ id }} }} }}"
        ),
        format!("query {key} {{ viewer {{ {key} }} }}"),
        format!("{{ viewer {{ id @{key} }} }}"),
        format!("{{ ...{key} }}"),
        format!("{{ viewer {{ ... on {key} {{ id }} }} }}"),
        format!("{{ node(id: \"{key}\") {{ id }} nodes(ids: [\"{key}\"]) {{ id }} }}"),
        format!("{{ viewer {{ keys(after: \"{key}\") {{ totalCount }} }} }}"),
        format!("{{ viewer {{ keys(first: \"{key}\") {{ totalCount }} }} }}"),
        format!("mutation {{ removeKey(input: {{ keyId: \"{key}\" }}) {{ userErrors {{ message }} }} }}"),
        format!("{{ viewer {{ id }} \"{key}"),
        key.clone(),
        format!("# {key}\n{{ viewer {{ id }} }} }}"),
    ];
    for document in &documents {
        for variables in [Value::Null, json!({ "k": key, "unused": { "deep": [key] } })] {
            witness.ask("a misplaced key", &callers.owner, document, variables).await;
        }
    }
    for key_value in [json!([key]), json!({ "key": key }), json!([[key]]), json!(1), Value::Null] {
        for name in ["key", "Key", "apiKey"] {
            let mut input = json!({ "provider": "MULTIBOT", "label": null });
            input[name] = key_value.clone();
            witness.ask("a key of another type", &callers.owner, SUBMIT, json!({ "input": input })).await;
        }
    }
    witness.ask("a key as the input", &callers.owner, SUBMIT, json!({ "input": key })).await;
    witness.ask("a key as provider", &callers.owner, SUBMIT, json!({ "input": { "provider": key, "key": key } })).await;
    let endpoint = format!("{}/graphql", witness.public);
    for body in [
        json!({ "query": "{ viewer { id } }", "operationName": key }).to_string(),
        json!({ "query": "{ viewer { id } }", "apiKey": key }).to_string(),
        json!({ "query": "{ viewer { id } }", "extensions": { "key": key } }).to_string(),
        json!({ "query": "{ viewer { id } }", "variables": [key] }).to_string(),
        json!([{ "query": key }]).to_string(),
        format!("{{\"query\": \"{key}"),
        key.clone(),
        format!("{key}{}", " ".repeat(70_000)),
    ] {
        let request = witness.post(&endpoint, body).header("authorization", &callers.owner);
        witness.send("a bad body", request).await;
    }
    let plain = witness.post(&endpoint, key.clone()).header("content-type", "text/plain");
    witness.send("plain text", plain).await;
    for authorization in
        [format!("Bearer {key}"), format!("tma {key}"), key.clone(), format!("{}x", callers.dispatcher)]
    {
        let request = witness.post(&endpoint, "{\"query\":\"{ viewer { id } }\"}".to_owned());
        witness.send("a bad login", request.header("authorization", authorization)).await;
    }
    for path in [format!("graphql?query={key}"), key.clone(), format!("graphiql/{key}"), format!("?key={key}")] {
        let request = witness.get(&format!("{}/{path}", witness.public)).header("cookie", format!("key={key}"));
        witness.send("an address with a key", request).await;
    }
}

pub(super) async fn misuse_the_socket(witness: &Witness, planted: &Planted, callers: &Callers) {
    let key = planted.key(&format!("S{:016x}{:015x}", rand_u64(), rand_u64() >> 4));
    let openings = [
        json!({ "type": "connection_init", "payload": { "authorization": key } }).to_string(),
        json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {key}") } }).to_string(),
        json!({ "type": "connection_init", "payload": key }).to_string(),
        json!({ "type": key }).to_string(),
        json!({ "type": "subscribe", "id": "1", "payload": { "query": key } }).to_string(),
        key.clone(),
    ];
    for opening in openings {
        let mut socket = Socket::open(&witness.public).await;
        socket.send_text(&opening).await;
        let heard = socket.next().await;
        witness.saw("close of a socket", format!("{heard:?}"));
    }
    for (query, variables) in [
        (key.clone(), Value::Null),
        (format!("subscription {{ accountEvents(after: \"{key}\") {{ cursor }} }}"), Value::Null),
        (format!("subscription {{ {key} }}"), Value::Null),
        (SUBMIT.to_owned(), json!({ "input": { "provider": "MULTIBOT", "key": [key] } })),
        (SUBMIT.to_owned(), json!({ "input": { "provider": "CAPSOLVER", "key": key } })),
    ] {
        let mut socket = Socket::signed_in(&witness.public, &callers.owner).await;
        socket.subscribe("1", &query, variables).await;
        while socket.next_within(Duration::from_millis(300)).await.is_some() {}
        assert!(socket.heard.len() >= 2, "an answer came");
        witness.heard(&socket);
    }
}

/// Keys and tokens at every wrong place of the gateway.
pub(super) async fn misuse_the_gateway(witness: &Witness, planted: &Planted, callers: &Callers) {
    let (key, token) = (planted.first_key(), planted.first_lease_token());
    for credential in [key.clone(), format!("{token}a"), token] {
        for method in
            ["createTask", "getTaskResult", "getBalance", "sendFunds", "reportIncorrectRecaptcha", "feedbackTask"]
        {
            let body = json!({ "clientKey": credential, "taskId": key, "softId": key, "callbackUrl": key,
                "task": { "type": key, "websiteURL": format!("https://example.com/?{key}"), "unknown": [key] } });
            call(witness, method, body).await;
        }
        for path in [
            format!("in.php?key={credential}&method=turnstile&sitekey=x&pageurl={key}"),
            format!("in.php?key={credential}&method={key}&json=1"),
            format!("res.php?key={credential}&action=get&id={key}"),
            format!("res.php?key={credential}&action=get2&id={key}&json=1"),
            format!("res.php?key={credential}&action=getbalance"),
            format!("res.php?key={credential}&action=userinfo"),
            format!("res.php?key={credential}&action={key}"),
            format!("{key}?key={credential}"),
        ] {
            let request = witness.get(&format!("{}/{path}", witness.gateway));
            witness.send("a legacy call", request).await;
        }
        let request =
            witness.post(&format!("{}/createTask", witness.gateway), format!("{{\"clientKey\": \"{credential}"));
        witness.send("a broken body", request).await;
        let request = witness.post(&format!("{}/in.php", witness.gateway), format!("key={credential}&body={key}"));
        witness.send("a legacy form", request.header("content-type", "application/x-www-form-urlencoded")).await;
    }
    let route = turnstile_at("two_captcha", None);
    let (token, _) = witness.open_lease(&callers.dispatcher, "a legacy task", &route).await;
    planted.lease_token(&token);
    let path = format!("in.php?key={token}&method=turnstile&sitekey=a-site-key&pageurl=https://example.com/");
    let created = witness.send("in.php", witness.get(&format!("{}/{path}", witness.gateway))).await;
    let id = created.strip_prefix("OK|").expect("a task is created");
    let look = format!("{}/res.php?key={token}&action=get2&id={id}", witness.gateway);
    let solved = eventually("the legacy task is solved", || async {
        let polled = witness.send("res.php", witness.get(&look)).await;
        (polled != "CAPCHA_NOT_READY").then_some(polled)
    });
    assert!(solved.await.starts_with("OK|"));
    // Neither is a lease token taken for a key.
    let input = json!({ "input": { "provider": "MULTIBOT", "key": token } });
    witness.ask("a lease token as a key", &callers.owner, SUBMIT, input).await;
}
