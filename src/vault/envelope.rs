//! The envelope: how a sealed key is laid out, and what its seal covers.
//!
//! `version · algorithm · length of the ring key id · ring key id · nonce · ciphertext · tag`. The
//! plaintext is the key with its length in front, filled with zeros to a multiple of 64 bytes, so
//! that the stored length says little about the key. Each row has its own subkey, so random nonces
//! never come near their limit. Everything before the nonce and the whole place of the envelope is
//! associated data.

use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit, Nonce};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::derive::subkey;
use super::ring::RingKey;
use super::{SealContext, VaultError};
use crate::domain::Secret;
use crate::domain::entropy::Entropy;

const VERSION: u8 = 1;
const AES_256_GCM: u8 = 1;
const FIXED_HEADER: usize = 3;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const LENGTH_BYTES: usize = 4;
const BLOCK: usize = 64;
const ROW_LABEL: &str = "row";

/// Longest plaintext; every provider's keys are far shorter.
const PLAINTEXT_MAX: usize = 4_096;

/// An envelope in its parts.
pub(super) struct Parsed<'a> {
    header: &'a [u8],
    ring_key_id: &'a str,
    nonce: [u8; NONCE_BYTES],
    body: &'a [u8],
}

impl Parsed<'_> {
    /// Id of the ring key that sealed it.
    pub(super) fn ring_key_id(&self) -> &str {
        self.ring_key_id
    }
}

/// Takes an envelope apart; nothing of it is to be believed before it is opened.
pub(super) fn parse(envelope: &[u8]) -> Result<Parsed<'_>, VaultError> {
    let &[VERSION, AES_256_GCM, id_length, ..] = envelope else {
        return Err(VaultError::Integrity);
    };
    let (header, rest) =
        envelope.split_at_checked(FIXED_HEADER + usize::from(id_length)).ok_or(VaultError::Integrity)?;
    let ring_key_id = std::str::from_utf8(&header[FIXED_HEADER..]).map_err(|_| VaultError::Integrity)?;
    let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Integrity)?;
    let padded = body.len().checked_sub(TAG_BYTES).ok_or(VaultError::Integrity)?;
    if padded == 0 || !padded.is_multiple_of(BLOCK) {
        return Err(VaultError::Integrity);
    }
    Ok(Parsed { header, ring_key_id, nonce: *nonce, body })
}

/// Seals a plaintext for its place.
pub(super) fn seal(
    ring_key: &RingKey,
    context: &SealContext<'_>,
    plaintext: &Secret,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, VaultError> {
    let mut body = pad(plaintext.expose_secret())?;
    let id = ring_key.id().as_bytes();
    let id_length = u8::try_from(id.len()).expect("the ring bounds its ids at 64 bytes");
    let mut envelope = vec![VERSION, AES_256_GCM, id_length];
    envelope.extend_from_slice(id);
    let associated = associated_data(&envelope, context);

    let mut nonce = [0; NONCE_BYTES];
    entropy.fill(&mut nonce);
    cipher(ring_key, context)
        .encrypt_in_place(&Nonce::from(nonce), &associated, &mut *body)
        .expect("AES-GCM takes up to 64 GiB and the plaintext is bounded at 4 KiB");
    envelope.extend_from_slice(&nonce);
    envelope.extend_from_slice(&body);
    Ok(envelope)
}

/// Opens an envelope in its place.
pub(super) fn open(ring_key: &RingKey, context: &SealContext<'_>, parsed: &Parsed<'_>) -> Result<Secret, VaultError> {
    let mut body = Zeroizing::new(parsed.body.to_vec());
    let associated = associated_data(parsed.header, context);
    cipher(ring_key, context)
        .decrypt_in_place(&Nonce::from(parsed.nonce), &associated, &mut *body)
        .map_err(|_| VaultError::Integrity)?;
    unpad(&body)
}

fn cipher(ring_key: &RingKey, context: &SealContext<'_>) -> Aes256Gcm {
    let row_key = subkey(ring_key.bytes(), context.row.as_bytes(), ROW_LABEL);
    Aes256Gcm::new(row_key.expose_secret().into())
}

fn associated_data(header: &[u8], context: &SealContext<'_>) -> Vec<u8> {
    let parts = [
        header,
        context.table.as_bytes(),
        context.column.as_bytes(),
        context.row.as_bytes(),
        context.owner.as_bytes(),
        context.provider.as_bytes(),
    ];
    let mut data = Vec::new();
    for part in parts {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

/// The key with its length in front and zeros behind. There is room for the tag from the start:
/// growing the buffer would leave a copy of the key behind.
fn pad(plaintext: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let length = plaintext.len();
    let marked =
        u32::try_from(length).ok().filter(|_| length <= PLAINTEXT_MAX).ok_or(VaultError::TooLong { length })?;
    let padded = (LENGTH_BYTES + length).next_multiple_of(BLOCK);
    let mut buffer = Zeroizing::new(Vec::with_capacity(padded + TAG_BYTES));
    buffer.extend_from_slice(&marked.to_be_bytes());
    buffer.extend_from_slice(plaintext.as_bytes());
    buffer.resize(padded, 0);
    Ok(buffer)
}

fn unpad(padded: &[u8]) -> Result<Secret, VaultError> {
    let (length, rest) = padded.split_first_chunk::<LENGTH_BYTES>().ok_or(VaultError::Integrity)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| VaultError::Integrity)?;
    let (plaintext, filling) = rest.split_at_checked(length).ok_or(VaultError::Integrity)?;
    let text = std::str::from_utf8(plaintext).map_err(|_| VaultError::Integrity)?;
    if filling.len() >= BLOCK || filling.iter().any(|byte| *byte != 0) {
        return Err(VaultError::Integrity);
    }
    Ok(Secret::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_padded_has_room_for_the_tag_and_reads_back() {
        for length in [0, 1, 59, 60, 61, 124, PLAINTEXT_MAX] {
            let text = "k".repeat(length);
            let padded = pad(&text).expect("short enough");
            assert!(padded.len().is_multiple_of(BLOCK));
            // A buffer that grew to take the tag would leave the key behind where it was.
            assert!(padded.capacity() >= padded.len() + TAG_BYTES, "{length}");
            assert_eq!(unpad(&padded).expect("as it was padded").expose_secret(), text);
        }
    }

    #[test]
    fn nothing_is_read_that_is_not_padded_as_we_pad() {
        let padded = pad("made-up-key").expect("short enough");
        let is_refused = |bytes: &[u8]| matches!(unpad(bytes), Err(VaultError::Integrity));
        let end = padded.len() - 1;
        let mut filled = padded.to_vec();
        filled[end] = 1;
        assert!(is_refused(&filled), "the filling is zeros");
        let mut longer = padded.to_vec();
        longer.resize(padded.len() + BLOCK, 0);
        assert!(is_refused(&longer), "no block too many");
        let mut whole = pad(&"k".repeat(BLOCK - LENGTH_BYTES)).expect("short enough").to_vec();
        whole.resize(2 * BLOCK, 0);
        assert!(is_refused(&whole), "nor one after a key that fills its blocks");
        let mut beyond = padded.to_vec();
        beyond[..LENGTH_BYTES].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(is_refused(&beyond), "no length beyond the end");
        let mut no_text = padded.to_vec();
        no_text[LENGTH_BYTES] = 0xff;
        assert!(is_refused(&no_text), "a key is text");
        for length in 0..LENGTH_BYTES {
            assert!(is_refused(&padded[..length]), "{length}");
        }
    }
}
