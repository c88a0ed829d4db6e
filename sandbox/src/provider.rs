//! The six providers, in the order of their ports.
//!
//! Owns names and order. What each of them charges and offers is in the catalogue; how each of
//! them speaks is in the dialects.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::reply::quote;

/// A provider that the sandbox stands in for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// 2Captcha.
    TwoCaptcha,
    /// CapSolver.
    Capsolver,
    /// Anti-Captcha.
    AntiCaptcha,
    /// CapMonster Cloud.
    CapmonsterCloud,
    /// Multibot.
    Multibot,
    /// uCaptcha Native.
    UcaptchaNative,
}

impl Provider {
    /// All providers; the n-th of them (from 0) is served at the root of port base + 1 + n.
    pub const ALL: [Self; 6] = [
        Self::TwoCaptcha,
        Self::Capsolver,
        Self::AntiCaptcha,
        Self::CapmonsterCloud,
        Self::Multibot,
        Self::UcaptchaNative,
    ];

    /// The name in addresses: `two_captcha`, `capsolver` and so on.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::TwoCaptcha => "two_captcha",
            Self::Capsolver => "capsolver",
            Self::AntiCaptcha => "anti_captcha",
            Self::CapmonsterCloud => "capmonster_cloud",
            Self::Multibot => "multibot",
            Self::UcaptchaNative => "ucaptcha_native",
        }
    }

    /// The place in [`Self::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// Whether task ids are UUID text; the others count in integers above 2^32.
    pub(crate) const fn has_uuid_tasks(self) -> bool {
        matches!(self, Self::Capsolver | Self::UcaptchaNative)
    }

    /// A task id as the JSON dialect writes it: text or a number.
    pub(crate) fn id_token(self, id: &str) -> String {
        if self.has_uuid_tasks() { quote(id) } else { id.to_owned() }
    }

    /// The key as the books know it: CapMonster lets options follow the key after `__`.
    pub(crate) fn account_name(self, key: &str) -> &str {
        match self {
            Self::CapmonsterCloud => key.split_once("__").map_or(key, |(name, _)| name),
            _ => key,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.slug())
    }
}

/// The text names none of the six providers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownProvider;

impl fmt::Display for UnknownProvider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no such provider")
    }
}

impl std::error::Error for UnknownProvider {}

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(slug: &str) -> Result<Self, UnknownProvider> {
        Self::ALL.into_iter().find(|provider| provider.slug() == slug).ok_or(UnknownProvider)
    }
}
