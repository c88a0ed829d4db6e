//! What a rotation read and what the row is by now: a stale sealed form takes nobody's place.

use std::collections::BTreeSet;

use key_recycling::domain::{Actor, ProviderCode};
use key_recycling::keys::Submission;
use key_recycling::moves;
use key_recycling::store::{Resealed, SealedKey, Store, StoreError};

use crate::support::{Scene, Server};

fn sealed_anew(before: SealedKey) -> Resealed {
    Resealed { before, envelope: b"sealed from a stale reading".to_vec(), ring_key_id: "newer".to_owned() }
}

async fn reseal(store: &Store, before: SealedKey) -> u64 {
    let row = sealed_anew(before);
    let done = store.write("reseal", move |tx| Box::pin(tx.reseal(vec![row])));
    let done: Result<u64, StoreError> = done.await;
    done.expect("the database works")
}

/// What a rotation stores that has followed these canaries.
async fn rotate(store: &Store, followed: &BTreeSet<String>, before: &SealedKey) -> u64 {
    let (followed, row) = (followed.clone(), sealed_anew(before.clone()));
    let done =
        store.write("reseal", move |tx| Box::pin(async move { moves::key::reseal(tx, &followed, vec![row]).await }));
    let done: Result<u64, StoreError> = done.await;
    done.expect("the database works")
}

async fn read(store: &Store) -> Option<SealedKey> {
    store.sealed_by_others("newer", None, 10).await.expect("the database works").pop()
}

on_both_databases! {
    async fn what_changed_since_it_was_read_stays(database) {
        let scene = Scene::start(database).await;
        let store = scene.server.app().store.clone();
        let key = scene.key("two_captcha", "1").await;
        let before = read(&store).await.expect("a sealed key");

        scene.owner.remove(&key.id).await;
        scene.key_once("the key is erased", &key.id, |key| key["status"] == "REMOVED").await;
        assert!(read(&store).await.is_none(), "the key is erased");
        assert_eq!(reseal(&store, before.clone()).await, 0, "an erased key comes back");
        assert!(read(&store).await.is_none(), "an erased key comes back");

        let back = scene.owner.submit("TWO_CAPTCHA", &key.secret).await;
        assert_eq!(back["key"]["id"], key.id, "{back}");
        let revived = read(&store).await.expect("a sealed key");
        assert_ne!(revived.envelope, before.envelope);
        assert_eq!(reseal(&store, before).await, 0, "a key sealed anew is overwritten");
        assert_eq!(read(&store).await.expect("a sealed key").envelope, revived.envelope);

        let other_name = SealedKey { ring_key_id: Some("another".to_owned()), ..revived.clone() };
        assert_eq!(reseal(&store, other_name).await, 0, "the row names another ring key");
        assert_eq!(reseal(&store, revived).await, 1, "what is as it was read is replaced");
        assert!(read(&store).await.is_none());
    }

    async fn a_rotation_that_another_one_overtook_replaces_nothing(database) {
        let scene = Scene::start(database).await;
        let store = scene.server.app().store.clone();
        scene.key("two_captcha", "1").await;
        let before = read(&store).await.expect("a sealed key");
        let mut followed: BTreeSet<String> = before.ring_key_id.clone().into_iter().collect();
        let canary = store.write("canary", |tx| Box::pin(tx.insert_canary("newest", b"a sealed canary".to_vec())));
        canary.await.unwrap_or_else(|error: StoreError| panic!("the canary is stored: {error}"));

        assert_eq!(rotate(&store, &followed, &before).await, 0, "by a ring key that is no longer the newest");
        assert_eq!(read(&store).await.expect("a sealed key").envelope, before.envelope);
        followed.insert("newest".to_owned());
        assert_eq!(rotate(&store, &followed, &before).await, 1, "whoever knows of the newest replaces it");
        assert!(read(&store).await.is_none());
    }

    /// Without its jobs nothing tells the slow one of the rotation but the transaction that stores what it sealed.
    async fn whoever_is_slow_to_hear_of_a_rotation_stores_nothing_under_the_old_ring_key(database) {
        let mut server = Server::start(database).await;
        let (slow, operator) = (server.parts().await, server.parts().await);
        let old = slow.vault.sealing_ring_key_id();
        let new = operator.keys.add_ring_key().expect("a ring key is added");
        operator.keys.rotate(|_| ()).await.expect("the rotation ends");

        for ring_key in [&old, &new] {
            assert_eq!(slow.vault.sealing_ring_key_id(), *ring_key, "what the slow one knows of");
            let key = server.providers.key("capsolver", "1").await.as_str().into();
            let submission = Submission { provider: ProviderCode::Capsolver, key, label: None };
            let taken = slow.keys.submit(&Actor::Operator, submission).await.expect("it is sealed").expect("it is taken");
            assert_eq!(taken.ring_key_id.as_ref(), Some(&new));
        }
        let left = slow.store.sealed_by_others(&new, None, 10).await.expect("the database works");
        assert!(left.is_empty(), "a row under the ring key that was retired");
        server.stop().await;
    }
}
