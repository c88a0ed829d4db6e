//! Who plays: three owners with keys at all six providers, handed over through the API.
//!
//! One key is wrong, one nearly empty, and one its owner spends elsewhere too.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::domain::clock::SharedClock;
use crate::domain::money::NANOS_PER_USD;
use crate::domain::{ProviderCode, Secret, Usd};
use crate::identity;

use super::client::{Client, Trouble};
use super::random::Random;
use super::stage::NANO_USD_PER_TOKEN;

/// The owner whose Anti-Captcha key is nearly empty.
pub(super) const BO: usize = 1;

/// Enough for three pictures at Anti-Captcha.
const NEARLY_EMPTY: Usd = Usd::from_nanos(2_100_000);

/// The owners' names, in the order of their Telegram ids.
const NAMES: [&str; 3] = ["Ada", "Bo", "Cy"];

/// Telegram's id of the first owner; such ids need more than 32 bits.
const FIRST_ID: i64 = 5_000_000_001;

/// An owner.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) name: &'static str,
    pub(super) telegram_user_id: i64,
}

/// What is special about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Ordinary,
    Wrong,
    NearlyEmpty,
}

/// The owners, and what it takes to speak for them.
pub(super) struct Cast {
    client: Client,
    graphql: String,
    sandbox: String,
    bot_token: Secret,
    clock: SharedClock,
    pub(super) owners: Vec<Owner>,
}

/// Keys that something happens to while the demo runs.
#[derive(Clone, Debug)]
pub(super) struct Roles {
    /// Address of the books of the key that its owner spends elsewhere too.
    pub(super) spent_elsewhere: String,
    /// The key that its owner removes: whose, and its id.
    pub(super) removed: (usize, String),
    /// Statuses that answers showed, by provider.
    pub(super) statuses: BTreeMap<ProviderCode, Vec<String>>,
}

impl Cast {
    pub(super) fn new(client: Client, graphql: String, sandbox: String, bot_token: Secret, clock: SharedClock) -> Self {
        let owners =
            NAMES.iter().zip(FIRST_ID..).map(|(name, telegram_user_id)| Owner { name, telegram_user_id }).collect();
        Self { client, graphql, sandbox, bot_token, clock, owners }
    }

    /// The value of the Authorization header that signs an owner in.
    pub(super) fn authorization(&self, owner: &Owner) -> String {
        format!("tma {}", self.init_data(owner))
    }

    /// The Mini App as Telegram would open it for an owner.
    pub(super) fn mini_app(&self, owner: &Owner, origin: &Url) -> String {
        identity::mini_app_link(origin, &self.init_data(owner))
    }

    /// Signed with the demo's own bot token, as Telegram would.
    fn init_data(&self, owner: &Owner) -> String {
        identity::sign_init_data(&self.bot_token, owner.telegram_user_id, self.clock.now())
    }

    /// Sends an operation as an owner.
    pub(super) async fn ask(&self, owner: &Owner, document: &str, variables: Value) -> Result<Value, Trouble> {
        self.client.graphql(&self.graphql, &self.authorization(owner), document, variables).await
    }

    /// Makes the keys at the sandbox and hands them over, each owner one after the other.
    pub(super) async fn hand_over(&self, seed: u64) -> Result<Roles, Trouble> {
        let mut random = Random::new(seed, 1);
        let mut roles =
            Roles { spent_elsewhere: String::new(), removed: (0, String::new()), statuses: BTreeMap::new() };
        for (place, owner) in self.owners.iter().enumerate() {
            for provider in ProviderCode::ALL.iter().copied() {
                let key = random.key(provider);
                let part = part(place, provider);
                let books = format!("{}/admin/{}/keys/{key}", self.sandbox, provider.slug());
                if part != Part::Wrong {
                    let balance = balance(part, provider, &mut random);
                    self.client.order(Method::PUT, &books, &json!({ "balance": balance })).await?;
                }
                let (id, status) = self.submit(owner, provider, &key).await?;
                roles.statuses.entry(provider).or_default().push(status);
                match (place, provider) {
                    (0, ProviderCode::CapmonsterCloud) => roles.spent_elsewhere = books,
                    (2, ProviderCode::UcaptchaNative) => roles.removed = (place, id),
                    _ => {}
                }
            }
        }
        Ok(roles)
    }

    async fn submit(&self, owner: &Owner, provider: ProviderCode, key: &str) -> Result<(String, String), Trouble> {
        let input = json!({ "provider": provider, "key": key, "label": format!("{}'s leftover", owner.name) });
        let data = self.ask(owner, SUBMIT, json!({ "input": input })).await?;
        let answer = |path: &str| data.pointer(path).and_then(Value::as_str).map(str::to_owned);
        if let Some(code) = answer("/submitKey/userErrors/0/code") {
            return Err(Trouble(format!("{}'s key at {provider} is refused: {code}", owner.name)));
        }
        let id = answer("/submitKey/key/id");
        id.zip(answer("/submitKey/key/status")).ok_or_else(|| Trouble::new("a submitted key came back without its id"))
    }

    /// Takes a key out, as its owner.
    pub(super) async fn remove(&self, owner: usize, id: &str) -> Result<(), Trouble> {
        let Some(owner) = self.owners.get(owner) else { return Ok(()) };
        let data = self.ask(owner, REMOVE, json!({ "input": { "keyId": id } })).await?;
        match data.pointer("/removeKey/userErrors/0/code").and_then(Value::as_str) {
            Some(code) => Err(Trouble(format!("{}'s key is not removed: {code}", owner.name))),
            None => Ok(()),
        }
    }
}

const SUBMIT: &str = "mutation($input: SubmitKeyInput!) {
  submitKey(input: $input) { key { id status } userErrors { code } }
}";

const REMOVE: &str = "mutation($input: RemoveKeyInput!) {
  removeKey(input: $input) { key { id status } userErrors { code } }
}";

fn part(owner: usize, provider: ProviderCode) -> Part {
    match (owner, provider) {
        (BO, ProviderCode::AntiCaptcha) => Part::NearlyEmpty,
        (2, ProviderCode::CapmonsterCloud) => Part::Wrong,
        _ => Part::Ordinary,
    }
}

/// A balance in the provider's own unit: 0.9 to 2.5 dollars' worth.
fn balance(part: Part, provider: ProviderCode, random: &mut Random) -> String {
    let cents = i64::try_from(random.below(160)).unwrap_or(0) + 90;
    let dollars = if part == Part::NearlyEmpty { NEARLY_EMPTY } else { Usd::from_nanos(cents * NANOS_PER_USD / 100) };
    in_own_unit(dollars, provider).to_string()
}

/// Dollars in the unit of a provider's books.
fn in_own_unit(dollars: Usd, provider: ProviderCode) -> Usd {
    if provider == ProviderCode::Multibot {
        // A token is worth a divisor of a dollar, so nothing is lost.
        Usd::from_nanos(dollars.nanos() * (NANOS_PER_USD / NANO_USD_PER_TOKEN))
    } else {
        dollars
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_dollars_at_the_rate() {
        let dollar = Usd::from_nanos(NANOS_PER_USD);
        assert_eq!(in_own_unit(dollar, ProviderCode::Multibot).to_string(), "1000");
        assert_eq!(in_own_unit(dollar, ProviderCode::Capsolver).to_string(), "1");
    }
}
