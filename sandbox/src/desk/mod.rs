//! One provider's state: keys, open tasks, faults to come, addresses under suspicion.
//!
//! Owns identity (who is this key, is this address banned) and the books as a whole; tasks live in
//! [`tasks`]. Invariant: before anything is read or changed, all that was due by now has happened
//! ([`Desk::settle`]), so charges and refunds keep their time although no timer runs.

mod tasks;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use crate::account::{Account, Totals};
use crate::amount::Amount;
use crate::clock::Millis;
use crate::draw::{Draw, Purpose};
use crate::fault::Faults;
use crate::outcome::{Outcome, Refusal, Standing};
use crate::provider::Provider;
use crate::settings::{Settings, SettingsPatch};
use tasks::{Event, Task};

/// Addresses watched for unknown keys.
const WATCHED_ADDRESSES: usize = 10_000;
/// Keys of 2Captcha and Anti-Captcha have exactly this length.
const KEY_LENGTH: usize = 32;

/// Unknown keys that came from one address.
struct Strikes {
    count: u32,
    since: Millis,
    banned_until: Option<Millis>,
}

/// One provider.
pub(crate) struct Desk {
    provider: Provider,
    draw: Draw,
    settings: Arc<Settings>,
    accounts: HashMap<String, Account>,
    tasks: HashMap<String, Task>,
    agenda: BTreeMap<(Millis, u64), Event>,
    events_planned: u64,
    tasks_made: u64,
    ids_issued: u64,
    first_id: u64,
    calls_seen: u64,
    unknown_key_calls: u64,
    strikes: HashMap<IpAddr, Strikes>,
    /// Faults to come.
    pub(crate) faults: Faults,
}

impl Desk {
    pub(crate) fn new(provider: Provider, seed: u64, now: Millis) -> Self {
        Self {
            provider,
            draw: Draw::new(seed, provider),
            settings: Arc::new(Settings::defaults(provider)),
            accounts: HashMap::new(),
            tasks: HashMap::new(),
            agenda: BTreeMap::new(),
            events_planned: 0,
            tasks_made: 0,
            ids_issued: 0,
            // Above 2^32, as the vendors' ids are, and apart from those of an earlier run.
            first_id: 72_000_000_000 + (now / 1_000 % 1_000_000_000) * 1_000,
            calls_seen: 0,
            unknown_key_calls: 0,
            strikes: HashMap::new(),
            faults: Faults::default(),
        }
    }

    /// Counts a call and answers how long its reply is to wait.
    pub(crate) fn arrive(&mut self, key: &str) -> Millis {
        self.calls_seen += 1;
        let bounds = self.settings_of(self.provider.account_name(key)).latency_ms;
        self.draw.within(Purpose::Latency, self.calls_seen, bounds)
    }

    /// The account behind a key, or the reason why this caller gets none.
    pub(crate) fn identify(&mut self, key: &str, address: IpAddr, now: Millis) -> Result<String, Refusal> {
        if self.is_banned(address, now) {
            return Err(Refusal::AddressBanned);
        }
        let name = self.provider.account_name(key);
        match self.accounts.get_mut(name) {
            Some(account) if account.suspended => {
                account.suspended_calls += 1;
                Err(Refusal::Suspended)
            }
            Some(_) => Ok(name.to_owned()),
            None => {
                self.unknown_key_calls += 1;
                self.strike(address, now);
                Err(Refusal::KeyUnknown { malformed: key.len() != KEY_LENGTH })
            }
        }
    }

    /// What the key holds.
    pub(crate) fn standing(&self, name: &str) -> Outcome {
        self.accounts.get(name).map_or(Outcome::Refused(Refusal::KeyUnknown { malformed: false }), |account| {
            Outcome::Balance(Standing {
                balance: account.balance,
                decimals: self.settings_of(name).balance_decimals,
                package_calls: account.package_calls,
                captcha_credits: account.captcha_credits,
            })
        })
    }

    pub(crate) fn provider(&self) -> Provider {
        self.provider
    }

    pub(crate) fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.get(name)
    }

    pub(crate) fn account_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.accounts.get_mut(name)
    }

    /// The account of this name, made empty if it does not exist.
    pub(crate) fn open_account(&mut self, name: &str) -> &mut Account {
        self.accounts.entry(name.to_owned()).or_default()
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = (&String, &Account)> {
        self.accounts.iter()
    }

    /// Sums over all keys.
    pub(crate) fn totals(&self) -> Totals {
        let mut sum = Totals::default();
        for account in self.accounts.values() {
            sum.add(&account.totals);
        }
        sum
    }

    /// Money held by all keys together.
    pub(crate) fn held(&self) -> Amount {
        self.accounts.values().map(|account| account.balance).sum()
    }

    /// Calls that came with a key nobody has.
    pub(crate) fn unknown_key_calls(&self) -> u64 {
        self.unknown_key_calls
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes the provider's settings; keys with settings of their own keep those.
    pub(crate) fn patch_settings(&mut self, patch: &SettingsPatch) {
        Arc::make_mut(&mut self.settings).apply(patch);
        if !self.settings.ban_wrong_keys {
            self.strikes.clear();
        }
        let general = Arc::clone(&self.settings);
        for account in self.accounts.values_mut() {
            refresh(&general, account);
        }
    }

    /// Changes the settings of one key.
    pub(crate) fn patch_key_settings(&mut self, name: &str, patch: SettingsPatch) {
        let general = Arc::clone(&self.settings);
        let account = self.open_account(name);
        account.overrides.get_or_insert_default().merge(patch);
        refresh(&general, account);
    }

    fn settings_of(&self, name: &str) -> &Arc<Settings> {
        self.accounts.get(name).and_then(|account| account.own_settings.as_ref()).unwrap_or(&self.settings)
    }

    fn is_banned(&self, address: IpAddr, now: Millis) -> bool {
        self.strikes.get(&address).and_then(|strikes| strikes.banned_until).is_some_and(|until| now < until)
    }

    fn strike(&mut self, address: IpAddr, now: Millis) {
        let Settings { ban_wrong_keys, ban_after, ban_ms, .. } = *self.settings;
        if !ban_wrong_keys {
            return;
        }
        if self.strikes.len() >= WATCHED_ADDRESSES {
            self.strikes.retain(|_, strikes| now < strikes.since + ban_ms);
        }
        let strikes = self.strikes.entry(address).or_insert(Strikes { count: 0, since: now, banned_until: None });
        if now >= strikes.since + ban_ms {
            *strikes = Strikes { count: 0, since: now, banned_until: None };
        }
        strikes.count += 1;
        if strikes.count >= ban_after {
            strikes.banned_until = Some(now + ban_ms);
        }
    }
}

fn refresh(general: &Settings, account: &mut Account) {
    account.own_settings = account.overrides.as_ref().map(|overrides| {
        let mut own = general.clone();
        own.apply(overrides);
        Arc::new(own)
    });
}
