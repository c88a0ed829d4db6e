//! What all connections share: the clock, the six desks and the signal to stop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::watch;

use crate::clock::Clock;
use crate::desk::Desk;
use crate::dialect::Ask;
use crate::exchange::Exchange;
use crate::provider::Provider;
use crate::told::{self, Listener};

/// State behind every listener of one sandbox.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    /// True, or closed, when the sandbox stops.
    pub(crate) halt: watch::Receiver<bool>,
    desks: Arc<[Mutex<Desk>; 6]>,
    listener: Arc<RwLock<Option<Listener>>>,
}

impl Shared {
    pub(crate) fn new(seed: u64, halt: watch::Receiver<bool>) -> Self {
        let clock = Clock::start();
        let now = clock.now();
        let desks = Provider::ALL.map(|provider| Mutex::new(Desk::new(provider, seed, now)));
        Self { clock, halt, desks: Arc::new(desks), listener: Arc::default() }
    }

    /// Has answers told from now on, to this listener alone.
    pub(crate) fn listen(&self, listener: Listener) {
        *self.listener.write().unwrap_or_else(PoisonError::into_inner) = Some(listener);
    }

    /// Tells whoever listens what a call is answered.
    pub(crate) fn tell(&self, provider: Provider, ask: &Ask, exchange: &Exchange) {
        if let Some(listener) = &*self.listener.read().unwrap_or_else(PoisonError::into_inner) {
            told::tell(listener, provider, ask, exchange);
        }
    }

    /// A provider's desk, brought up to date. Never held while waiting.
    pub(crate) fn desk(&self, provider: Provider) -> MutexGuard<'_, Desk> {
        // Every method leaves the books whole before it can panic, so a poisoned desk is usable.
        let mut desk = self.desks[provider.index()].lock().unwrap_or_else(PoisonError::into_inner);
        desk.settle(self.clock.now());
        desk
    }
}
