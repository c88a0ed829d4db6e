//! What a rotation read and what the row is by now: a stale sealed form takes nobody's place.

use key_recycling::store::{Resealed, SealedKey, Store, StoreError};

use crate::support::Scene;

async fn reseal(store: &Store, before: SealedKey) -> u64 {
    let row = Resealed { before, envelope: b"sealed from a stale reading".to_vec(), ring_key_id: "newer".to_owned() };
    let done = store.write("reseal", move |tx| Box::pin(tx.reseal(vec![row])));
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
}
