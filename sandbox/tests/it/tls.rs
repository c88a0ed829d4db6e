//! The TLS listeners, with made and with given certificates.

use reqwest::Certificate;
use sandbox::{Options, Provider, TlsOptions, start};
use serde_json::json;

use crate::support::{App, KEY, builder, client};

#[tokio::test]
async fn a_made_certificate_is_trusted_through_its_authority() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("authority.pem");
    let tls = TlsOptions::SelfMade { authority: authority.clone() };
    let app = App::start_with(Some(tls), client()).await;
    app.put_key(Provider::TwoCaptcha, KEY, json!({ "balance": "2" })).await;
    let address = app.sandbox.provider_tls(Provider::TwoCaptcha).expect("TLS is on");
    let pem = std::fs::read(&authority).expect("the authority was written");
    let trusting =
        builder().tls_certs_only([Certificate::from_pem(&pem).expect("a certificate")]).build().expect("a client");
    let url = format!("https://{address}/res.php");
    let request = trusting.get(url).query(&[("key", KEY), ("action", "getbalance")]);
    let text = request.send().await.expect("a trusted answer").text().await.expect("text");
    assert_eq!(text, "2");
}

#[tokio::test]
async fn impossible_options_are_refused() {
    let missing = TlsOptions::Files { certificate: "no/such.pem".into(), key: "no/such.key".into() };
    let options = Options { listen: ([127, 0, 0, 1], 0).into(), seed: 1, tls: Some(missing) };
    assert!(start(options).await.is_err());
    let options = Options { listen: ([0, 0, 0, 0], 0).into(), seed: 1, tls: None };
    assert!(start(options).await.is_err(), "loopback only");
}
