//! What the demo looks at while it runs: owners' keys and credits, attempts, the sandbox's books.
//!
//! Everything comes through the API, as an operator sees it, and from the sandbox's administrator;
//! nothing comes from inside. (Owners' own request budgets are too small to look every moment.)

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::domain::{AttemptState, CostSource, ProviderCode, Secret, Usd, figure};

use super::cast::Owner;
use super::client::{Client, Trouble};
use super::stage::NANO_USD_PER_TOKEN;

/// Failed looks in a row after which the demo gives up, and the pause between them.
const LOOKS_MAX: u32 = 8;
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// Most transactions on a page.
const PAGE: usize = 100;

/// A key as the table shows it.
#[derive(Clone, Debug)]
pub(super) struct KeyView {
    pub(super) owner: &'static str,
    pub(super) id: String,
    pub(super) provider: ProviderCode,
    pub(super) provider_name: String,
    pub(super) status: String,
    pub(super) balance: Option<String>,
    pub(super) held: String,
    pub(super) credited: String,
    pub(super) problem: Option<String>,
}

/// One moment of the demo.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    pub(super) keys: Vec<KeyView>,
    /// The newest credit of each key: amount and source.
    pub(super) last_credit: BTreeMap<String, (String, String)>,
    /// The newest routing decisions, in words.
    pub(super) routes: Vec<String>,
    pub(super) solved: u64,
    pub(super) failed: u64,
    pub(super) open: u64,
    pub(super) charged: Usd,
    pub(super) credited: Usd,
    /// What is waited for, once tasks are no longer dispatched.
    pub(super) waiting: Option<&'static str>,
}

/// Where tasks stand at one provider.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) sent: u64,
    pub(super) solved: u64,
    pub(super) failed: u64,
}

/// What the ledger says about one provider.
#[derive(Clone, Debug, Default)]
pub(super) struct Credits {
    pub(super) sum: Usd,
    pub(super) sources: BTreeSet<CostSource>,
    pub(super) provisional: u64,
}

/// Looks on behalf of the demo.
pub(super) struct Watcher {
    client: Client,
    graphql: String,
    sandbox: String,
    authorization: Secret,
    owners: Vec<Owner>,
    /// The newest credit of each key so far; busy owners' older ones leave the page.
    last_credit: BTreeMap<String, (String, String)>,
    /// Statuses seen so far, by provider.
    pub(super) statuses: BTreeMap<ProviderCode, BTreeSet<String>>,
}

const OWNER: &str = "query($id: ID) {
  account(ref: { telegramUserId: $id }) {
    credited
    keys(first: 30) {
      nodes { id status balance held credited problem { message } provider { code name } }
    }
    transactions(first: 20, kinds: [RECYCLE_CREDIT]) { nodes { amount costSource key { id } } }
  }
}";

const ATTEMPTS: &str = "query($open: [AttemptState!]) {
  solved: attempts(states: [SETTLED], first: 1) { totalCount }
  failed: attempts(states: [FAILED_FREE, FAILED_CHARGED], first: 1) { totalCount }
  open: attempts(states: $open, first: 1) { totalCount }
  recent: attempts(first: 20) { nodes { taskType decision { summary candidates { score } } } }
}";

const TALLY: &str = "query($providers: [ProviderCode!], $sent: [AttemptState!]) {
  sent: attempts(states: $sent, providers: $providers, first: 1) { totalCount }
  solved: attempts(states: [SETTLED], providers: $providers, first: 1) { totalCount }
  failed: attempts(states: [FAILED_FREE, FAILED_CHARGED], providers: $providers, first: 1) { totalCount }
}";

const LEDGER: &str = "query($id: ID, $first: Int, $after: String) {
  account(ref: { telegramUserId: $id }) {
    transactions(first: $first, after: $after, kinds: [RECYCLE_CREDIT, RECYCLE_REVERSAL, ADJUSTMENT]) {
      nodes { amount costSource provisional key { provider { code } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}";

impl Watcher {
    pub(super) fn new(client: Client, graphql: String, sandbox: String, operator: &Secret, owners: Vec<Owner>) -> Self {
        let authorization = Secret::from(format!("Bearer {}", operator.expose_secret()));
        Self {
            client,
            graphql,
            sandbox,
            authorization,
            owners,
            last_credit: BTreeMap::new(),
            statuses: BTreeMap::new(),
        }
    }

    /// Notes that a key of the provider had this status.
    pub(super) fn saw(&mut self, provider: ProviderCode, status: &str) {
        self.statuses.entry(provider).or_default().insert(status.to_owned());
    }

    /// Looks at everything; a look that fails is taken again a few times.
    pub(super) async fn look(&mut self) -> Result<Scene, Trouble> {
        for _ in 1..LOOKS_MAX {
            if let Ok(scene) = self.look_once().await {
                return Ok(scene);
            }
            sleep(LOOK_PAUSE).await;
        }
        self.look_once().await
    }

    async fn look_once(&mut self) -> Result<Scene, Trouble> {
        let mut scene = Scene::default();
        for owner in &self.owners {
            let data = self.operate(OWNER, json!({ "id": owner.telegram_user_id.to_string() })).await?;
            read_owner(owner, &data, &mut scene);
        }
        self.last_credit.append(&mut scene.last_credit);
        scene.last_credit.clone_from(&self.last_credit);
        for key in &scene.keys {
            self.statuses.entry(key.provider).or_default().insert(key.status.clone());
        }
        let data = self.operate(ATTEMPTS, json!({ "open": open_states() })).await?;
        (scene.solved, scene.failed, scene.open) =
            (count(&data, "solved"), count(&data, "failed"), count(&data, "open"));
        scene.routes = nodes(&data, "/recent/nodes").iter().filter_map(route).collect();
        scene.charged = self.charges().await?.into_values().sum();
        Ok(scene)
    }

    /// How many attempts hold something.
    pub(super) async fn open_attempts(&self) -> Result<u64, Trouble> {
        Ok(count(&self.operate(ATTEMPTS, json!({ "open": open_states() })).await?, "open"))
    }

    /// What each provider charged for tasks, less what it gave back, in dollars.
    pub(super) async fn charges(&self) -> Result<BTreeMap<ProviderCode, Usd>, Trouble> {
        let books = self.client.get(&format!("{}/admin/books", self.sandbox), &[]).await?;
        let mut charges = BTreeMap::new();
        for code in ProviderCode::ALL.iter().copied() {
            let figure = |name: &str| amount(books.get(code.slug()).and_then(|provider| provider.get(name)));
            let net = figure("charged")? - figure("refunded")?;
            charges.insert(code, in_dollars(net, code)?);
        }
        Ok(charges)
    }

    /// What the ledger credited for each provider.
    pub(super) async fn credits(&self) -> Result<BTreeMap<ProviderCode, Credits>, Trouble> {
        let mut credits: BTreeMap<ProviderCode, Credits> = BTreeMap::new();
        for owner in &self.owners {
            let mut after = Value::Null;
            loop {
                let id = owner.telegram_user_id.to_string();
                let data = self.operate(LEDGER, json!({ "id": id, "first": PAGE, "after": after })).await?;
                for transaction in nodes(&data, "/account/transactions/nodes") {
                    enter(&transaction, &mut credits)?;
                }
                let page = data.pointer("/account/transactions/pageInfo").cloned().unwrap_or_default();
                if page.get("hasNextPage").and_then(Value::as_bool) != Some(true) {
                    break;
                }
                after = page.get("endCursor").cloned().unwrap_or_default();
            }
        }
        Ok(credits)
    }

    /// How many tasks were sent, solved and failed at a provider.
    pub(super) async fn tally(&self, provider: ProviderCode) -> Result<Tally, Trouble> {
        let unsent = [AttemptState::Reserved, AttemptState::Released, AttemptState::Expired];
        let sent: Vec<AttemptState> =
            AttemptState::ALL.iter().copied().filter(|state| !unsent.contains(state)).collect();
        let data = self.operate(TALLY, json!({ "providers": [provider], "sent": sent })).await?;
        Ok(Tally { sent: count(&data, "sent"), solved: count(&data, "solved"), failed: count(&data, "failed") })
    }

    async fn operate(&self, document: &str, variables: Value) -> Result<Value, Trouble> {
        self.client.graphql(&self.graphql, self.authorization.expose_secret(), document, variables).await
    }
}

fn read_owner(owner: &Owner, data: &Value, scene: &mut Scene) {
    let text = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
    // A key handed over first stands first.
    for key in nodes(data, "/account/keys/nodes").iter().rev() {
        let provider = text(key, "/provider/code").as_deref().and_then(ProviderCode::from_code);
        let Some((id, provider)) = text(key, "/id").zip(provider) else { continue };
        scene.keys.push(KeyView {
            owner: owner.name,
            id,
            provider,
            provider_name: text(key, "/provider/name").unwrap_or_default(),
            status: text(key, "/status").unwrap_or_default(),
            balance: text(key, "/balance"),
            held: text(key, "/held").unwrap_or_default(),
            credited: text(key, "/credited").unwrap_or_default(),
            problem: text(key, "/problem/message"),
        });
    }
    for credit in nodes(data, "/account/transactions/nodes") {
        if let Some((key, amount)) = text(&credit, "/key/id").zip(text(&credit, "/amount")) {
            let source = text(&credit, "/costSource").unwrap_or_default();
            scene.last_credit.entry(key).or_insert((amount, source));
        }
    }
    let credited = data.pointer("/account/credited").and_then(Value::as_str).and_then(|text| text.parse().ok());
    scene.credited += credited.unwrap_or(Usd::ZERO);
}

/// A decision between several providers, in words.
fn route(attempt: &Value) -> Option<String> {
    let is_contest = attempt.pointer("/decision/candidates").and_then(Value::as_array)?.len() > 1;
    let summary = attempt.pointer("/decision/summary").and_then(Value::as_str)?;
    let task_type = attempt.get("taskType").and_then(Value::as_str)?;
    is_contest.then(|| format!("{task_type}: {summary}"))
}

fn enter(transaction: &Value, credits: &mut BTreeMap<ProviderCode, Credits>) -> Result<(), Trouble> {
    let code = transaction.pointer("/key/provider/code").and_then(Value::as_str).and_then(ProviderCode::from_code);
    let Some(code) = code else { return Err(Trouble::new("a credit names no key")) };
    let entry = credits.entry(code).or_default();
    entry.sum += amount(transaction.get("amount"))?;
    let source = transaction.get("costSource").and_then(Value::as_str).and_then(CostSource::from_code);
    entry.sources.extend(source);
    entry.provisional += u64::from(transaction.get("provisional").and_then(Value::as_bool) == Some(true));
    Ok(())
}

fn amount(value: Option<&Value>) -> Result<Usd, Trouble> {
    let text = value.and_then(Value::as_str).ok_or_else(|| Trouble::new("an amount is missing"))?;
    text.parse().map_err(|_| Trouble::new("an amount cannot be read"))
}

/// An amount of the books in dollars: one provider counts in tokens.
fn in_dollars(amount: Usd, provider: ProviderCode) -> Result<Usd, Trouble> {
    if provider != ProviderCode::Multibot {
        return Ok(amount);
    }
    let rate = u64::try_from(NANO_USD_PER_TOKEN).unwrap_or(0);
    figure::convert_units(amount, rate).map_err(|_| Trouble::new("an amount of tokens is out of range"))
}

/// States in which something is held.
fn open_states() -> Vec<AttemptState> {
    AttemptState::ALL.iter().copied().filter(|state| state.holds()).collect()
}

fn nodes(data: &Value, path: &str) -> Vec<Value> {
    data.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn count(data: &Value, list: &str) -> u64 {
    data.get(list).and_then(|list| list.get("totalCount")).and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_add_up_by_provider() {
        let credit = |amount: &str, source: &str| {
            json!({ "amount": amount, "costSource": source, "provisional": source == "PRICE_LIST",
                    "key": { "provider": { "code": "CAPMONSTER_CLOUD" } } })
        };
        let mut credits = BTreeMap::new();
        for transaction in
            [credit("0.0006", "PRICE_LIST"), credit("0.0013", "BALANCE_DELTA"), credit("-0.0001", "PRICE_LIST")]
        {
            enter(&transaction, &mut credits).expect("a transaction");
        }
        let entry = &credits[&ProviderCode::CapmonsterCloud];
        assert_eq!((entry.sum.to_string().as_str(), entry.sources.len(), entry.provisional), ("0.0018", 2, 2));
    }

    #[test]
    fn tokens_become_dollars() {
        let tokens: Usd = "2.5".parse().expect("tokens");
        assert_eq!(in_dollars(tokens, ProviderCode::Multibot).expect("dollars").to_string(), "0.0025");
        assert_eq!(in_dollars(tokens, ProviderCode::Capsolver).expect("dollars").to_string(), "2.5");
    }
}
