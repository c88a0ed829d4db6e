//! Who acts: an owner, a service, an operator at the terminal, or the system itself.

use std::fmt;

use uuid::Uuid;

use super::id::{AccountId, ServiceTokenId};
use super::provider::coded_enum;

coded_enum! {
    /// What a service token may be used for.
    Scope {
        /// Asks for keys, leases them and reports on solutions.
        Dispatch = "dispatch",
        /// Moves credits in and out.
        Billing = "billing",
        /// Sees everything and resolves what evidence did not.
        Operate = "operate",
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// The set of the scopes given.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | 1 << (*scope as u8)))
    }

    /// Whether the scope is in the set.
    #[must_use]
    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << (scope as u8)) != 0
    }

    /// The scopes of the set in the order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }

    /// Reads the stored form, scope names separated by spaces; unknown names give no right.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let scopes: Vec<Scope> = text.split(' ').filter_map(Scope::from_code).collect();
        Self::of(&scopes)
    }
}

impl fmt::Display for Scopes {
    /// The stored form: scope names separated by spaces.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Scope::as_str).collect();
        formatter.write_str(&names.join(" "))
    }
}

/// A service that signed in with one of its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceIdentity {
    /// The service's name: the principal of its leases and idempotency keys.
    pub name: String,
    /// Which of its tokens it used.
    pub token: ServiceTokenId,
    /// What the token is good for.
    pub scopes: Scopes,
}

/// Who acts. Every lookup is scoped by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An owner, signed in through Telegram.
    Owner(AccountId),
    /// A service, signed in by a bearer token.
    Service(ServiceIdentity),
    /// An operator at the terminal of the server's machine.
    Operator,
    /// The server by itself.
    System,
}

impl Actor {
    /// The owner's account, when an owner acts.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Owner(account) => Some(*account),
            _ => None,
        }
    }

    /// The service's name, when a service acts.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        match self {
            Self::Service(service) => Some(&service.name),
            _ => None,
        }
    }

    /// Whether the actor holds the scope; the terminal and the system hold them all.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        match self {
            Self::Owner(_) => false,
            Self::Service(service) => service.scopes.has(scope),
            Self::Operator | Self::System => true,
        }
    }

    /// How the audit log names the actor.
    #[must_use]
    pub fn audit_name(&self) -> String {
        match self {
            Self::Owner(account) => account.to_string(),
            Self::Service(service) => service.name.clone(),
            Self::Operator => "operator".to_owned(),
            Self::System => "system".to_owned(),
        }
    }

    /// Whether the audit log could not tell a service of this name from an operator, the server or an owner.
    #[must_use]
    pub fn is_named(name: &str) -> bool {
        let others = [Self::Operator, Self::System].map(|actor| actor.audit_name());
        others.iter().any(|other| other.eq_ignore_ascii_case(name)) || Uuid::try_parse(name).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_the_scopes_it_was_given_and_no_other() {
        for chosen in 0..1 << Scope::ALL.len() {
            let given: Vec<Scope> = Scope::ALL
                .iter()
                .copied()
                .enumerate()
                .filter(|(at, _)| chosen >> at & 1 == 1)
                .map(|(_, it)| it)
                .collect();
            let set = Scopes::of(&given);
            for scope in Scope::ALL {
                assert_eq!(set.has(*scope), given.contains(scope), "{given:?} {scope}");
            }
            assert_eq!(set.iter().collect::<Vec<_>>(), given);
            assert_eq!(Scopes::from_text(&set.to_string()), set, "the stored form reads back");
            assert_eq!(Scopes::of(&[given.clone(), given].concat()), set, "twice is as good as once");
        }
    }

    #[test]
    fn scopes_are_stored_as_their_names() {
        assert_eq!(Scopes::of(&[Scope::Operate, Scope::Dispatch]).to_string(), "dispatch operate");
        assert_eq!(Scopes::default().to_string(), "");
        assert_eq!(
            Scopes::from_text("billing root Dispatch"),
            Scopes::of(&[Scope::Billing]),
            "unknown names give no right"
        );
    }

    #[test]
    fn a_service_is_never_named_like_another_actor() {
        for name in ["operator", "Operator", "SYSTEM", "00000000-0000-0000-0000-000000000007"] {
            assert!(Actor::is_named(name), "{name}");
        }
        for name in ["operations", "operator-2", "systems", "shop"] {
            assert!(!Actor::is_named(name), "{name}");
        }
    }

    #[test]
    fn each_actor_is_scoped_and_named_as_what_it_is() {
        let account = AccountId(Uuid::from_u128(7));
        let billing = ServiceIdentity {
            name: "shop".to_owned(),
            token: ServiceTokenId(Uuid::from_u128(8)),
            scopes: Scopes::of(&[Scope::Billing]),
        };
        let all = Scope::ALL;
        for (actor, its_account, principal, scopes, audited) in [
            (Actor::Owner(account), Some(account), None, &[][..], "00000000-0000-0000-0000-000000000007"),
            (Actor::Service(billing), None, Some("shop"), &[Scope::Billing][..], "shop"),
            (Actor::Operator, None, None, all, "operator"),
            (Actor::System, None, None, all, "system"),
        ] {
            assert_eq!((actor.account(), actor.principal()), (its_account, principal), "{actor:?}");
            assert_eq!(actor.audit_name(), audited);
            for scope in all {
                assert_eq!(actor.may(*scope), scopes.contains(scope), "{actor:?} {scope}");
            }
        }
    }
}
