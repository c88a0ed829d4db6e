//! What a key earned is vouched for by a drop of its balance, by a figure of the provider's, or by an
//! operator: the audit says so when it is not.

use std::time::Duration;

use key_recycling::domain::{AttemptId, AttemptState, CostSource, KeyId, Usd};
use key_recycling::ledger::Ledger;
use key_recycling::moves::attempt::Cost;

use super::stage::{Stage, reported};

const PRICE: Usd = Usd::from_nanos(1_000);
const BALANCE: Usd = Usd::from_nanos(1_000_000);

/// A key with one attempt that ended, and a clock gone on to where readings are quiet.
async fn ended(stage: &Stage, cost: Option<Cost>) -> (KeyId, AttemptId) {
    let key = stage.submit("aa", BALANCE).await;
    let id = stage.reserve(key, PRICE).await.expect("the key can bear it");
    stage.go(id, AttemptState::Sent, None).await.expect("there is this arrow");
    stage.clock.advance(Duration::from_secs(1));
    let to = if cost.is_some() { AttemptState::Settled } else { AttemptState::UnderReview };
    stage.go(id, to, cost).await.expect("there is this arrow");
    stage.clock.advance(Duration::from_secs(40));
    (key, id)
}

fn by_list_price(provisional: bool) -> Option<Cost> {
    Some(Cost { amount: PRICE, source: CostSource::PriceList, provisional })
}

async fn read(stage: &Stage, key: KeyId, balance: Usd) {
    stage.read(stage.report(key, balance)).await.expect("it is recorded");
    stage.clock.advance(Duration::from_secs(40));
}

async fn lies(stage: &Stage) -> Vec<String> {
    let ledger = Ledger::new(stage.store.clone(), Usd::from_nanos(1));
    ledger.audit(None).await.expect("the audit runs").lies
}

on_both_databases! {
    async fn a_credit_that_no_drop_explains_is_a_lie(database) {
        let stage = Stage::on(&database).await;
        // As if somebody had forgotten that a list price is provisional.
        let (key, _) = ended(&stage, by_list_price(false)).await;
        stage.expect_no_lies().await;
        read(&stage, key, BALANCE - Usd::from_nanos(400)).await;
        let what = "credited 0.000001; only 0.0000004 is vouched for, and 0 not seen yet";
        assert_eq!(lies(&stage).await, [format!("key {key}: {what}")]);
    }

    async fn a_credit_by_the_list_price_is_none_once_it_is_corrected(database) {
        let stage = Stage::on(&database).await;
        let (key, _) = ended(&stage, by_list_price(true)).await;
        read(&stage, key, BALANCE - Usd::from_nanos(400)).await;
        assert_eq!(stage.key(key).await.credited, Usd::from_nanos(400));
        stage.expect_no_lies().await;
    }

    async fn a_top_up_hides_no_cost_that_the_provider_told(database) {
        let stage = Stage::on(&database).await;
        let (key, _) = ended(&stage, reported(PRICE)).await;
        read(&stage, key, BALANCE + BALANCE).await;
        assert_eq!(stage.key(key).await.credited, PRICE);
        stage.expect_no_lies().await;
    }

    async fn an_operator_vouches_for_what_he_decides_later(database) {
        let stage = Stage::on(&database).await;
        let (key, attempt) = ended(&stage, None).await;
        read(&stage, key, BALANCE).await;
        stage.go(attempt, AttemptState::Settled, reported(PRICE)).await.expect("there is this arrow");
        assert_eq!(stage.key(key).await.credited, PRICE);
        stage.expect_no_lies().await;
    }
}
