//! Nothing but the very envelope in its very place opens: all pairs of rows, all bits.

use super::*;
use crate::domain::ProviderCode;

const ROWS: usize = 200;
const ENVELOPES: usize = 50;

/// Each row with what makes it another's place.
fn places() -> Vec<SealContext<'static>> {
    let place = |number: usize| {
        let id = number as u128;
        let provider = ProviderCode::ALL[number % ProviderCode::ALL.len()].as_str();
        SealContext { row: Uuid::from_u128(id + 1), owner: Uuid::from_u128(id + 1_000), provider, ..PLACE }
    };
    (0..ROWS).map(place).collect()
}

#[test]
fn no_swap_of_two_rows_opens() {
    let vault = fresh();
    let places = places();
    let seal = |place| vault.seal(place, &secret()).unwrap().envelope;
    let envelopes: Vec<Vec<u8>> = places.iter().map(seal).collect();
    let (mut tried, mut opened) = (0, 0);
    for (mine, envelope) in places.iter().zip(&envelopes) {
        for other in places.iter().filter(|other| other.row != mine.row) {
            let swapped = [
                SealContext { row: other.row, ..*mine },
                SealContext { owner: other.owner, ..*mine },
                SealContext { provider: other.provider, ..*mine },
                SealContext { column: "label", ..*mine },
                *other,
            ];
            // Two rows of one provider have nothing to swap there.
            for place in swapped.iter().filter(|place| !(place.provider == mine.provider && is_same(place, mine))) {
                tried += 1;
                opened += usize::from(vault.open_envelope(place, Some("one"), envelope).is_ok());
            }
        }
    }
    // Of the 199 others 33 or 32 have the same provider.
    assert_eq!((tried, opened), (ROWS * (ROWS - 1) * 5 - same_providers(&places), 0));
    for (place, envelope) in places.iter().zip(&envelopes) {
        vault.open_envelope(place, Some("one"), envelope).unwrap();
    }
}

fn is_same(one: &SealContext<'_>, other: &SealContext<'_>) -> bool {
    (one.table, one.column, one.row, one.owner) == (other.table, other.column, other.row, other.owner)
}

fn same_providers(places: &[SealContext<'_>]) -> usize {
    let same = |mine: &SealContext<'_>| {
        places.iter().filter(|other| other.row != mine.row && other.provider == mine.provider).count()
    };
    places.iter().map(same).sum()
}

#[test]
fn no_flipped_bit_opens() {
    let vault = fresh();
    let (mut tried, mut opened) = (0, 0);
    for place in places().iter().take(ENVELOPES) {
        let envelope = vault.seal(place, &secret()).unwrap().envelope;
        for bit in 0..envelope.len() * 8 {
            let mut changed = envelope.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            tried += 1;
            match vault.open_envelope(place, Some("one"), &changed) {
                Ok(_) => opened += 1,
                // Also in the name of the ring key: such an envelope is damaged, and waits for no ring.
                Err(error) => assert!(matches!(error, VaultError::Integrity), "bit {bit}: {error}"),
            }
        }
        vault.open_envelope(place, Some("one"), &envelope).unwrap();
    }
    assert_eq!((tried, opened), (ENVELOPES * 98 * 8, 0));
}

#[test]
fn a_row_that_names_another_ring_key_is_damaged() {
    let (index_key, first, second) = (random_base64(), random_base64(), random_base64());
    let vault = try_open(&ring_text(&index_key, &[entry("one", &first), entry("two", &second)])).unwrap();
    let sealed = vault.seal(&PLACE, &secret()).unwrap();
    assert_eq!(sealed.ring_key_id, "two");
    for named in [None, Some("one"), Some("three"), Some("")] {
        let opened = vault.open_envelope(&PLACE, named, &sealed.envelope);
        assert!(matches!(opened, Err(VaultError::Integrity)), "{named:?}");
    }
}

#[test]
fn a_cut_envelope_is_damaged_and_waits_for_no_ring_key() {
    let elsewhere = try_open(&ring_text(&random_base64(), &[entry("two", &random_base64())])).unwrap();
    let mut envelope = fresh().seal(&PLACE, &secret()).unwrap().envelope;
    let open = |envelope: &[u8]| elsewhere.open_envelope(&PLACE, Some("one"), envelope);
    assert!(matches!(open(&envelope), Err(VaultError::UnknownRingKey { .. })));
    for length in 0..envelope.len() {
        assert!(matches!(open(&envelope[..length]), Err(VaultError::Integrity)), "{length}");
    }
    envelope.push(0);
    assert!(matches!(open(&envelope), Err(VaultError::Integrity)));
}
