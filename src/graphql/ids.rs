//! Opaque ids and cursors: authenticated, so that only what this service gave out comes back in.
//!
//! An id is a kind, a UUID and a truncated HMAC; a cursor is a list kind, a position and a truncated
//! HMAC that also covers the account or key whose list it is. Whatever was not made here, or was
//! made for something else, reads as `None`, without saying why.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::domain::{AccountId, AttemptId, AuditId, KeyId, TransferId};

/// What authenticates ids and cursors: an HMAC under a key that is never rotated.
pub trait IdSealer: Send + Sync + 'static {
    /// The code over the parts; the parts' borders count.
    fn mac(&self, parts: &[&[u8]]) -> [u8; 32];
}

impl<F: Fn(&[&[u8]]) -> [u8; 32] + Send + Sync + 'static> IdSealer for F {
    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        self(parts)
    }
}

/// Bytes of the code that an id carries. With the kind and the sixteen bytes it makes 27, which is
/// a whole number of base64 groups: each id has one spelling.
const MAC_BYTES: usize = 10;

const TOKEN_BYTES: usize = 1 + 16 + MAC_BYTES;

/// What an opaque id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum IdKind {
    Account = 1,
    Key = 2,
    Attempt = 3,
    Transfer = 4,
    Audit = 5,
    ServiceToken = 6,
}

impl IdKind {
    const ALL: [Self; 6] = [Self::Account, Self::Key, Self::Attempt, Self::Transfer, Self::Audit, Self::ServiceToken];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A row's id in the domain that has an opaque form.
pub(crate) trait RowId: Copy + From<Uuid> {
    /// What the opaque form stands for.
    const KIND: IdKind;
    /// The row's UUID.
    fn uuid(self) -> Uuid;
}

macro_rules! row_ids {
    ($($name:ident => $kind:ident),* $(,)?) => {$(
        impl RowId for $name {
            const KIND: IdKind = IdKind::$kind;

            fn uuid(self) -> Uuid {
                self.0
            }
        }
    )*};
}

row_ids! {
    AccountId => Account,
    KeyId => Key,
    AttemptId => Attempt,
    TransferId => Transfer,
    AuditId => Audit,
}

/// Which list a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ListKind {
    Keys = 65,
    AccountTransfers = 66,
    KeyTransfers = 67,
    Attempts = 68,
    Audit = 69,
    Events = 70,
}

/// A list, as far as its cursors are concerned: its kind, and whose it is (nil for everybody's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CursorScope {
    pub(crate) kind: ListKind,
    pub(crate) of: Uuid,
}

impl CursorScope {
    /// The account's stream of events.
    pub(crate) fn events_of(account: AccountId) -> Self {
        Self { kind: ListKind::Events, of: account.0 }
    }
}

/// A place in a list that fits a cursor.
pub(crate) trait Position: Copy + Send + Sync {
    /// The place as a number.
    fn to_number(self) -> u128;
    /// The place of a number, `None` when no place has it.
    fn from_number(number: u128) -> Option<Self>;
}

impl Position for i64 {
    fn to_number(self) -> u128 {
        u128::from(self.cast_unsigned())
    }

    fn from_number(number: u128) -> Option<Self> {
        u64::try_from(number).ok().map(u64::cast_signed)
    }
}

impl<R: RowId + Send + Sync> Position for R {
    fn to_number(self) -> u128 {
        self.uuid().as_u128()
    }

    fn from_number(number: u128) -> Option<Self> {
        Some(Self::from(Uuid::from_u128(number)))
    }
}

/// Makes and reads opaque ids and cursors.
#[derive(Clone)]
pub struct OpaqueIds {
    sealer: Arc<dyn IdSealer>,
}

impl OpaqueIds {
    /// Ids that the sealer authenticates.
    pub fn new(sealer: impl IdSealer) -> Self {
        Self { sealer: Arc::new(sealer) }
    }

    /// The opaque form of a row's id.
    pub(crate) fn seal<R: RowId>(&self, id: R) -> async_graphql::ID {
        self.seal_uuid(R::KIND, id.uuid())
    }

    /// The opaque form of a UUID of the kind.
    pub(crate) fn seal_uuid(&self, kind: IdKind, uuid: Uuid) -> async_graphql::ID {
        async_graphql::ID(self.write(b"id", kind as u8, uuid.as_u128(), Uuid::nil()))
    }

    /// The row's id, `None` when the text is no id of its kind.
    pub(crate) fn open<R: RowId>(&self, text: &str) -> Option<R> {
        let (kind, uuid) = self.open_any(text)?;
        (kind == R::KIND).then(|| R::from(uuid))
    }

    /// Kind and UUID of an id of whatever kind.
    pub(crate) fn open_any(&self, text: &str) -> Option<(IdKind, Uuid)> {
        let (byte, number) = self.read(b"id", text, Uuid::nil())?;
        Some((IdKind::from_byte(byte)?, Uuid::from_u128(number)))
    }

    /// The cursor of a place in a list.
    pub(crate) fn cursor<P: Position>(&self, scope: CursorScope, position: P) -> String {
        self.write(b"cursor", scope.kind as u8, position.to_number(), scope.of)
    }

    /// The place of a cursor, `None` when it is no cursor of this list.
    pub(crate) fn position<P: Position>(&self, scope: CursorScope, text: &str) -> Option<P> {
        let (byte, number) = self.read(b"cursor", text, scope.of)?;
        if byte == scope.kind as u8 { P::from_number(number) } else { None }
    }

    fn write(&self, purpose: &[u8], kind: u8, number: u128, of: Uuid) -> String {
        let mut token = [0; TOKEN_BYTES];
        token[0] = kind;
        token[1..17].copy_from_slice(&number.to_be_bytes());
        let mac = self.sealer.mac(&[purpose, &token[..17], of.as_bytes()]);
        token[17..].copy_from_slice(&mac[..MAC_BYTES]);
        URL_SAFE_NO_PAD.encode(token)
    }

    fn read(&self, purpose: &[u8], text: &str, of: Uuid) -> Option<(u8, u128)> {
        // A longer text cannot be one of ours and is not worth decoding.
        if text.len() != TOKEN_BYTES.div_ceil(3) * 4 {
            return None;
        }
        let token: [u8; TOKEN_BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let mac = self.sealer.mac(&[purpose, &token[..17], of.as_bytes()]);
        if !bool::from(token[17..].ct_eq(&mac[..MAC_BYTES])) {
            return None;
        }
        let mut number = [0; 16];
        number.copy_from_slice(&token[1..17]);
        Some((token[0], u128::from_be_bytes(number)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use hmac::{Hmac, KeyInit as _, Mac as _};

    use super::*;

    /// Ids under a key of the tests' own.
    pub(crate) fn test_ids(key: &'static [u8]) -> OpaqueIds {
        OpaqueIds::new(move |parts: &[&[u8]]| {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).expect("HMAC takes any key");
            for part in parts {
                mac.update(&(part.len() as u64).to_be_bytes());
                mac.update(part);
            }
            mac.finalize().into_bytes().into()
        })
    }

    fn account(number: u128) -> AccountId {
        AccountId(Uuid::from_u128(number))
    }

    #[test]
    fn ids_come_back_as_what_they_were() {
        let ids = test_ids(b"one");
        let text = ids.seal(account(7));
        assert_eq!(ids.open::<AccountId>(&text), Some(account(7)));
        assert_eq!(ids.open::<KeyId>(&text), None, "an account is no key");
        assert_eq!(ids.open_any(&text), Some((IdKind::Account, Uuid::from_u128(7))));
        assert_eq!(test_ids(b"two").open::<AccountId>(&text), None, "made under another key");
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let ids = test_ids(b"one");
        let text = ids.seal(account(7)).to_string();
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("letters stay letters");
            assert_eq!(ids.open::<AccountId>(&changed), None, "{place}");
        }
        for foreign in ["", "x", "00000000-0000-0000-0000-000000000007", &text[1..], &format!("{text}A")] {
            assert_eq!(ids.open::<AccountId>(foreign), None);
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let ids = test_ids(b"one");
        let mine = CursorScope { kind: ListKind::AccountTransfers, of: Uuid::from_u128(1) };
        let text = ids.cursor(mine, 42_i64);
        assert_eq!(ids.position::<i64>(mine, &text), Some(42));
        assert_eq!(ids.position::<i64>(CursorScope { of: Uuid::from_u128(2), ..mine }, &text), None);
        assert_eq!(ids.position::<i64>(CursorScope { kind: ListKind::KeyTransfers, ..mine }, &text), None);
        assert_eq!(ids.position::<i64>(CursorScope { kind: ListKind::Events, ..mine }, &text), None);
        assert_eq!(ids.position::<i64>(mine, &ids.seal(account(42))), None, "an id is no cursor");
        assert_eq!(ids.open_any(&text), None, "a cursor is no id");
    }

    #[test]
    fn positions_keep_their_value() {
        for number in [0, 1, i64::MAX, -1] {
            assert_eq!(i64::from_number(number.to_number()), Some(number));
        }
        assert_eq!(i64::from_number(u128::MAX), None);
    }
}
