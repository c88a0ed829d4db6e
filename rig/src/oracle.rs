//! The providers, in this process and never killed: their books are what the server is held to.

use std::collections::BTreeMap;

use key_recycling::domain::Usd;
use sandbox::{Options, Provider, Sandbox, Told};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::random::Random;
use crate::trouble::{Outcome, Trouble};

/// The six providers.
pub(crate) const SLUGS: [&str; 6] =
    ["two_captcha", "capsolver", "anti_captcha", "capmonster_cloud", "multibot", "ucaptcha_native"];

/// Whether a provider's tasks cost what its balance shows, so that a key has one attempt at once.
pub(crate) fn is_read_from_balance(slug: &str) -> bool {
    matches!(slug, "capsolver" | "capmonster_cloud" | "multibot")
}

/// What a token of Multibot is worth, in nano-dollars.
pub(crate) const NANO_USD_PER_TOKEN: i64 = 1_000_000;

/// The sandbox with its administration.
pub(crate) struct Oracle {
    sandbox: Sandbox,
    client: reqwest::Client,
}

/// A charge that stands.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    pub(crate) task_id: String,
    pub(crate) amount: Usd,
}

/// The name of a key: its provider and a number; also its label at the server.
pub(crate) type KeyName = (&'static str, u64);

impl Oracle {
    /// Starts all providers with the same settings.
    pub(crate) async fn start(seed: u64, client: reqwest::Client, habits: &Value) -> Outcome<Self> {
        let sandbox = sandbox::start(Options { listen: ([127, 0, 0, 1], 0).into(), seed, tls: None }).await?;
        let oracle = Self { sandbox, client };
        for slug in SLUGS {
            oracle.call(reqwest::Method::PATCH, &format!("{slug}/settings"), habits.clone()).await?;
        }
        Ok(oracle)
    }

    /// What the providers answer from now on.
    pub(crate) fn listen(&self) -> UnboundedReceiver<Told> {
        self.sandbox.listen()
    }

    /// Where a provider answers.
    pub(crate) fn address(&self, slug: &str) -> Outcome<String> {
        let provider: Provider = slug.parse().map_err(|_| Trouble(format!("no provider {slug}")))?;
        Ok(format!("http://{}", self.sandbox.provider(provider)))
    }

    /// Makes a key with a balance.
    pub(crate) async fn make_key(&self, slug: &str, key: &str) -> Outcome<()> {
        let balance = if slug == "multibot" { "5000" } else { "5" };
        self.call(reqwest::Method::PUT, &format!("{slug}/keys/{key}"), json!({ "balance": balance })).await?;
        Ok(())
    }

    /// Orders one of the faults that a network has, for the next call of a method.
    pub(crate) async fn make_mischief(&self, random: &mut Random) -> Outcome<()> {
        let slug = random.pick(&SLUGS);
        let faults = [
            ("createTask", json!({ "kind": "reset", "effect": "apply" })),
            ("createTask", json!({ "kind": "reset", "effect": "none" })),
            ("createTask", json!({ "kind": "status", "status": 502 })),
            ("createTask", json!({ "kind": "delay", "ms": 1500 })),
            ("getTaskResult", json!({ "kind": "reset" })),
            ("getTaskResult", json!({ "kind": "reset", "effect": "apply" })),
            ("getTaskResult", json!({ "kind": "status", "status": 503 })),
            ("getTaskResult", json!({ "kind": "delay", "ms": 1500 })),
            ("getBalance", json!({ "kind": "reset" })),
            ("getBalance", json!({ "kind": "delay", "ms": 1500 })),
        ];
        let (method, fault) = random.pick(&faults);
        let order = json!({ "method": method, "count": 1, "fault": fault });
        self.call(reqwest::Method::POST, &format!("{slug}/faults"), order).await?;
        Ok(())
    }

    /// Ends all faults that have not happened yet.
    pub(crate) async fn end_mischief(&self) -> Outcome<()> {
        for slug in SLUGS {
            self.call(reqwest::Method::DELETE, &format!("{slug}/faults"), Value::Null).await?;
        }
        Ok(())
    }

    /// The charges that stand on each key.
    pub(crate) async fn charges(&self, keys: &BTreeMap<KeyName, String>) -> Outcome<BTreeMap<KeyName, Vec<Charge>>> {
        let mut all = BTreeMap::new();
        for (name, key) in keys {
            let books = self.call(reqwest::Method::GET, &format!("{}/keys/{key}", name.0), Value::Null).await?;
            let charges = books["charges"].as_array().ok_or_else(|| Trouble("books without charges".to_owned()))?;
            let standing = charges.iter().filter(|it| it["source"] == "task" && it["refunded"] != true);
            let read = standing.map(|it| read_charge(name.0, it)).collect::<Outcome<Vec<_>>>()?;
            all.insert(*name, read.into_iter().filter(|charge| charge.amount.is_positive()).collect());
        }
        Ok(all)
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Value) -> Outcome<Value> {
        let mut request = self.client.request(method, format!("http://{}/admin/{path}", self.sandbox.base()));
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            return Err(Trouble(format!("the sandbox refused an order with {status}: {text}")));
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

fn read_charge(slug: &str, charge: &Value) -> Outcome<Charge> {
    let text = |name: &str| charge[name].as_str().unwrap_or_default();
    let amount: Usd = text("amount").parse().map_err(|_| Trouble(format!("no amount: {charge}")))?;
    // Multibot's books count tokens; one stands there as a whole dollar of 10⁹.
    let nanos = if slug == "multibot" { amount.nanos() / (1_000_000_000 / NANO_USD_PER_TOKEN) } else { amount.nanos() };
    Ok(Charge { task_id: text("task_id").to_owned(), amount: Usd::from_nanos(nanos) })
}

/// A made-up key in the provider's format; the same for the same stream of numbers.
pub(crate) fn fresh_key(slug: &str, random: &mut Random) -> String {
    let hex = format!("{:016x}{:016x}", random.next(), random.next());
    match slug {
        "capsolver" => format!("CAP-{}", hex.to_uppercase()),
        "multibot" => format!("Mb{}", &hex[..30]),
        "ucaptcha_native" => format!("ucap_{hex}"),
        _ => hex,
    }
}
