//! The Mini App as it is served: its policy, its tags, its compressed forms.

use reqwest::{Method, Response};

use crate::support::Server;
use crate::support::caller::http_client;

async fn send(origin: &str, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = http_client().request(method, format!("{origin}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer")
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map_or("", |value| value.to_str().expect("a text")).to_owned()
}

on_both_databases! {
    async fn the_mini_app_is_served_as_built(database) {
        let mut server = Server::start(database).await;
        let origin = server.owner(5_000_000_001).endpoint.replace("/graphql", "");
        let page = send(&origin, Method::GET, "/", &[]).await;
        let policy = header(&page, "content-security-policy");
        for part in ["default-src 'none'", "script-src 'self';", "style-src 'self';", "form-action 'none'",
            "frame-ancestors https://web.telegram.org https://*.telegram.org"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && page.headers().get("x-frame-options").is_none());
        assert_eq!(header(&page, "referrer-policy"), "no-referrer");
        assert_eq!(header(&page, "cache-control"), "no-cache");
        let tag = header(&page, "etag");
        let text = page.text().await.expect("a page");
        let again = send(&origin, Method::GET, "/", &[("if-none-match", &tag)]).await;
        assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, tag));
        assert!(again.text().await.expect("no body").is_empty());

        let linked: Vec<&str> = text.split('"').filter(|part| part.starts_with("/assets/")).collect();
        assert!(linked.len() >= 2, "a script and a style sheet: {text}");
        for path in linked {
            let mut forms = Vec::new();
            for (accepted, encoding) in [("br, gzip", "br"), ("gzip", "gzip"), ("identity", "")] {
                let file = send(&origin, Method::GET, path, &[("accept-encoding", accepted)]).await;
                assert_eq!((file.status().as_u16(), header(&file, "content-encoding")), (200, encoding.to_owned()));
                assert_eq!(header(&file, "cache-control"), "public, max-age=31536000, immutable");
                assert_eq!(header(&file, "vary"), "accept-encoding");
                forms.push((header(&file, "etag"), file.bytes().await.expect("a file").len()));
            }
            assert!(forms[0].1 < forms[1].1 && forms[1].1 < forms[2].1, "{path}: {forms:?}");
            assert!(forms[0].0 != forms[1].0 && forms[1].0 != forms[2].0, "{path}: {forms:?}");
        }
        server.stop().await;
    }

    async fn there_is_nothing_else(database) {
        let mut server = Server::start(database).await;
        let origin = server.owner(5_000_000_001).endpoint.replace("/graphql", "");
        let head = send(&origin, Method::HEAD, "/", &[]).await;
        assert_eq!((head.status().as_u16(), head.text().await.expect("no body").len()), (200, 0));
        assert_eq!(send(&origin, Method::POST, "/", &[]).await.status(), 405);
        for path in ["/index.html", "/assets/", "/assets/nothing.js", "/assets/..%2findex.html", "/settings", "/graphiql"] {
            let response = send(&origin, Method::GET, path, &[]).await;
            assert_eq!(response.status(), 404, "{path}");
            assert_eq!(header(&response, "content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        }
        server.stop().await;
    }
}
