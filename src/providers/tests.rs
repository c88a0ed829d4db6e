//! The façade against a provider made of a listener on this machine.

mod errors;
mod faults;
mod replies;

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use super::dialect::{JsonCall, LegacyCall};
use super::*;
use crate::domain::{Secret, SystemClock};

const KEY: &str = "madeupmadeupmadeupmadeupmadeup12";

fn key() -> Secret {
    Secret::from(KEY)
}

/// The façade with the provider at the given address.
fn providers_at(code: ProviderCode, address: &str) -> Providers {
    let mut settings = ProviderSettingsSet::default();
    let provider = settings.get_mut(code);
    provider.base_url = Url::parse(address).expect("an address");
    provider.legacy_base_url = provider.base_url.clone();
    provider.requests_per_second = 1_000;
    Providers::new(settings, Arc::new(SystemClock)).expect("the client can be made")
}

/// The façade with a provider that gives every request the same reply, head included.
async fn providers_saying(code: ProviderCode, reply: String) -> Providers {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let reply = reply.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let _read = socket.read(&mut buffer).await;
                let _written = socket.write_all(reply.as_bytes()).await;
            });
        }
    });
    providers_at(code, &format!("http://{address}"))
}

/// A whole HTTP reply.
fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// The façade with a provider whose every reply is this body with HTTP 200.
async fn providers_replying(code: ProviderCode, body: &str) -> Providers {
    providers_saying(code, http("200 OK", body)).await
}

fn json_task(task: &str) -> TaskRequest {
    JsonCall::parse(format!(r#"{{"task":{task}}}"#).as_bytes()).and_then(|call| call.task).expect("a task")
}

fn recaptcha() -> TaskRequest {
    json_task(r#"{"type":"RecaptchaV2TaskProxyless","websiteURL":"https://a.test","websiteKey":"k"}"#)
}

fn legacy_task(form: &str) -> TaskRequest {
    LegacyCall::from_fields(url::form_urlencoded::parse(form.as_bytes()).into_owned().collect(), None).task
}
