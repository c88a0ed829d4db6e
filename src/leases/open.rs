//! A service opens a lease: the same task and number always get the same one.

use serde::Serialize;

use super::{Failure, Leases};
use crate::domain::decision::{Choice, RouteRequest};
use crate::domain::{
    AccountId, AccountRef, Attempt, AttemptId, AttemptState, Decision, KeyId, ProviderCode, Secret, TaskType, Timestamp,
};
use crate::moves;
use crate::pool::DrawSeed;
use crate::store::StoreError;

/// Keys that are tried before a lease is refused, when each was taken meanwhile.
const CANDIDATES: usize = 3;

/// What is to be solved, for whom, and by which preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteInput {
    /// The kind of task.
    pub task_type: TaskType,
    /// Whether the task brings its own proxy.
    pub proxied: bool,
    /// The account that asked for it.
    pub account: Option<AccountRef>,
    /// 0 is cheapest, 100 is fastest.
    pub speed_weight: u8,
    /// Only these providers.
    pub only: Option<Vec<ProviderCode>>,
    /// None of these providers.
    pub except: Vec<ProviderCode>,
}

/// A lease that is asked for.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// The service's own id of the task.
    pub task_id: String,
    /// 1 for the first try.
    pub attempt: i32,
    /// What is to be solved.
    pub route: RouteInput,
}

/// The credential for one attempt.
#[derive(Debug)]
pub struct Lease {
    /// Goes where a client library wants its API key.
    pub token: Secret,
    /// Goes where it wants the provider's address.
    pub endpoint: String,
    /// Until when a task may be created with it.
    pub expires_at: Timestamp,
    /// The attempt it is for.
    pub attempt: Attempt,
}

/// Answer to an opening.
#[derive(Debug, Default)]
pub struct Opened {
    /// The lease.
    pub lease: Option<Lease>,
    /// Why this key, or why none.
    pub decision: Option<Decision>,
    /// Why there is no lease.
    pub error: Option<OpenRefusal>,
}

/// Why there is no lease, what is to blame, and when to come again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRefusal {
    /// Why.
    pub code: OpenError,
    /// The part of the input that is to blame.
    pub field: Option<Vec<String>>,
    /// When the same call can succeed.
    pub retry_at: Option<Timestamp>,
}

/// Why there is no lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// Nothing is eligible.
    NoKeyAvailable,
    /// The task was opened before with another content.
    TaskMismatch,
    /// The last attempt at the task is still open.
    AttemptOpen,
    /// The number is not the next one.
    AttemptOutOfOrder,
    /// The task is solved.
    TaskFinished,
    /// The service has as many open leases as it may.
    TooManyLeases,
}

/// The content of a request in one fixed form; a repeat must have the same.
#[derive(Serialize)]
struct Content<'a> {
    task_type: TaskType,
    proxied: bool,
    account: Option<String>,
    speed_weight: u8,
    only: Option<&'a [ProviderCode]>,
    except: &'a [ProviderCode],
}

impl Leases {
    /// Decides, holds the estimate on the chosen key, and answers the credential.
    ///
    /// # Errors
    /// The database or the vault fails.
    pub async fn open(&self, principal: &str, request: OpenRequest) -> Result<Opened, Failure> {
        let inner = &self.inner;
        let content = content(&request.route)?;
        let tries = inner.store.attempts_at(principal, &request.task_id).await?;
        if let Some(same) = tries.iter().find(|attempt| attempt.number == request.attempt) {
            return self.repeat(same.clone(), &content);
        }
        if let Err(refusal) = may_follow(&tries, request.attempt, &content) {
            return Ok(refused(refusal, None));
        }
        if inner.store.open_attempts(principal).await? >= inner.settings.open_per_service {
            return Ok(refused(refusal(OpenError::TooManyLeases, None), None));
        }
        let route = self.resolve_account(&request.route).await?;
        let draw = DrawSeed { task_id: &request.task_id, attempt: request.attempt };
        let decision = inner.pool.decide(&route, Some(draw), &tried(&tries));
        match self.reserve(principal, &request, &route, &content, &decision).await {
            Ok(Some(attempt)) => self.lease(attempt).map(|lease| opened(lease, decision)),
            Ok(None) => Ok(nothing_eligible(decision)),
            // The same service opened the same task at the same moment: both get the one lease.
            Err(Failure::Store(StoreError::Conflict)) => {
                let tries = inner.store.attempts_at(principal, &request.task_id).await?;
                let same = tries.into_iter().find(|attempt| attempt.number == request.attempt);
                self.repeat(same.ok_or(StoreError::Conflict)?, &content)
            }
            Err(other) => Err(other),
        }
    }

    /// The best key for a task right now, without any side effect.
    ///
    /// # Errors
    /// The database fails.
    pub async fn best_key(
        &self,
        principal: Option<&str>,
        route: RouteInput,
        task: Option<(&str, i32)>,
    ) -> Result<Decision, Failure> {
        let route = self.resolve_account(&route).await?;
        // A first try has tried nothing, so only later ones ask the database.
        let tries = match (principal, task) {
            (Some(principal), Some((task_id, number))) if number > 1 => {
                self.inner.store.attempts_at(principal, task_id).await?
            }
            _ => Vec::new(),
        };
        let draw = task.map(|(task_id, attempt)| DrawSeed { task_id, attempt });
        Ok(self.inner.pool.decide(&route, draw, &tried(&tries)))
    }

    async fn resolve_account(&self, route: &RouteInput) -> Result<RouteRequest, Failure> {
        let requester = match route.account {
            Some(account) => self.inner.store.account_by_ref(account).await?.map(|account| account.id),
            None => None,
        };
        Ok(RouteRequest {
            task_type: route.task_type,
            proxied: route.proxied,
            requester,
            speed_weight: route.speed_weight,
            only: route.only.clone(),
            except: route.except.clone(),
        })
    }

    /// Holds on the first key of the shortlist that can still bear it.
    async fn reserve(
        &self,
        principal: &str,
        request: &OpenRequest,
        route: &RouteRequest,
        content: &str,
        decision: &Decision,
    ) -> Result<Option<Attempt>, Failure> {
        let inner = &self.inner;
        for choice in decision.shortlist.iter().take(CANDIDATES) {
            let Some(key) = inner.store.keys_by_ids(&[choice.key]).await?.pop() else { continue };
            let taken = Decision { choice: Some(choice.clone()), shortlist: Vec::new(), ..decision.clone() };
            let attempt = self.new_attempt(principal, request, route, content, (choice, key.owner), &taken)?;
            let cap = inner.providers.info(choice.provider).in_flight_cap;
            let reserved = inner.store.write("reserve", {
                let attempt = attempt.clone();
                move |tx| Box::pin(async move { Ok::<_, Failure>(moves::attempt::reserve(tx, &attempt, cap).await?) })
            });
            if reserved.await? {
                return Ok(Some(attempt));
            }
        }
        Ok(None)
    }

    fn new_attempt(
        &self,
        principal: &str,
        request: &OpenRequest,
        route: &RouteRequest,
        content: &str,
        (choice, owner): (&Choice, AccountId),
        decision: &Decision,
    ) -> Result<Attempt, Failure> {
        let inner = &self.inner;
        let now = inner.clock.now();
        Ok(Attempt {
            id: AttemptId::generate(&*inner.clock, &*inner.entropy),
            principal: principal.to_owned(),
            task_id: request.task_id.clone(),
            number: request.attempt,
            requester: route.requester,
            request: content.to_owned(),
            key: choice.key,
            owner,
            provider: choice.provider,
            task_type: route.task_type,
            proxied: route.proxied,
            key_class: choice.key_class,
            state: AttemptState::Reserved,
            estimate: choice.estimate,
            body_hash: None,
            dialect: None,
            provider_task_id: None,
            reply: None,
            error_code: None,
            cost: None,
            cost_raw: None,
            cost_source: None,
            before: None,
            verdict: None,
            decision: serde_json::to_string(decision)?,
            token_ring_key_id: inner.vault.sealing_ring_key_id(),
            opened_at: now,
            expires_at: now.plus(inner.settings.lifetime),
            sent_at: None,
            poll_at: None,
            polls: 0,
            returned_at: None,
            ended_at: None,
        })
    }

    fn repeat(&self, attempt: Attempt, content: &str) -> Result<Opened, Failure> {
        if let Some(field) = difference(&attempt.request, content) {
            return Ok(refused(refusal(OpenError::TaskMismatch, Some(field)), None));
        }
        let decision = serde_json::from_str(&attempt.decision)?;
        self.lease(attempt).map(|lease| opened(lease, decision))
    }

    fn lease(&self, attempt: Attempt) -> Result<Lease, Failure> {
        let token = self.inner.vault.lease_token(attempt.id, &attempt.token_ring_key_id)?;
        let endpoint = self.inner.settings.endpoint.clone();
        Ok(Lease { token, endpoint, expires_at: attempt.expires_at, attempt })
    }
}

/// Keys of a task's earlier tries that were sent something.
fn tried(tries: &[Attempt]) -> Vec<KeyId> {
    tries.iter().filter(|attempt| attempt.sent_at.is_some()).map(|attempt| attempt.key).collect()
}

fn content(route: &RouteInput) -> Result<String, Failure> {
    let account = route.account.map(|account| match account {
        AccountRef::Id(id) => format!("id:{id}"),
        AccountRef::Telegram(user) => format!("telegram:{user}"),
    });
    Ok(serde_json::to_string(&Content {
        task_type: route.task_type,
        proxied: route.proxied,
        account,
        speed_weight: route.speed_weight,
        only: route.only.as_deref(),
        except: &route.except,
    })?)
}

/// Whether this number may be opened after the tries so far.
fn may_follow(tries: &[Attempt], number: i32, content: &str) -> Result<(), OpenRefusal> {
    // A charge found without a solution settles an attempt and leaves its task open.
    let is_solved = |attempt: &Attempt| attempt.state == AttemptState::Settled && attempt.error_code.is_none();
    if tries.iter().any(is_solved) {
        return Err(refusal(OpenError::TaskFinished, None));
    }
    let last = tries.last();
    if number != last.map_or(1, |attempt| attempt.number + 1) {
        return Err(refusal(OpenError::AttemptOutOfOrder, Some("attempt")));
    }
    let Some(last) = last else { return Ok(()) };
    if !last.state.allows_next_try() && last.state != AttemptState::Settled {
        return Err(refusal(OpenError::AttemptOpen, None));
    }
    // Preferences may change from try to try; what the task is and for whom may not.
    match difference(&last.request, content) {
        Some(field @ ("taskType" | "proxied" | "account")) => Err(refusal(OpenError::TaskMismatch, Some(field))),
        _ => Ok(()),
    }
}

/// The first field in which two contents differ, by its name in the API.
fn difference(stored: &str, asked: &str) -> Option<&'static str> {
    if stored == asked {
        return None;
    }
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let (stored, asked) = (parse(stored), parse(asked));
    let fields = [
        ("task_type", "taskType"),
        ("proxied", "proxied"),
        ("account", "account"),
        ("speed_weight", "speedWeight"),
        ("only", "onlyProviders"),
        ("except", "exceptProviders"),
    ];
    fields.iter().find(|(name, _)| stored.get(name) != asked.get(name)).map(|(_, field)| *field)
}

fn refusal(code: OpenError, field: Option<&str>) -> OpenRefusal {
    let field = field.map(|field| match field {
        "attempt" => vec![field.to_owned()],
        _ => vec!["route".to_owned(), field.to_owned()],
    });
    OpenRefusal { code, field, retry_at: None }
}

fn refused(refusal: OpenRefusal, decision: Option<Decision>) -> Opened {
    Opened { lease: None, decision, error: Some(refusal) }
}

fn opened(lease: Lease, mut decision: Decision) -> Opened {
    // The key that was held may be a later one of the shortlist.
    if decision.choice.as_ref().is_none_or(|choice| choice.key != lease.attempt.key) {
        decision.choice = decision.shortlist.iter().find(|choice| choice.key == lease.attempt.key).cloned();
    }
    Opened { lease: Some(lease), decision: Some(decision), error: None }
}

fn nothing_eligible(mut decision: Decision) -> Opened {
    decision.choice = None;
    let retry_at = decision.exclusions.iter().filter_map(|exclusion| exclusion.until).min();
    refused(OpenRefusal { code: OpenError::NoKeyAvailable, field: None, retry_at }, Some(decision))
}
