//! Costs that can't be believed: the dispatcher gets its answer, an operator looks at the charge.

use key_recycling::domain::Usd;
use serde_json::json;

use crate::support::Scene;
use crate::support::sandbox::usd;

/// What a Turnstile task costs at 2Captcha.
const PRICE: Usd = Usd::from_nanos(1_450_000);

/// Has a task solved whose cost reads like this, and answers the lease.
async fn solve_at(scene: &Scene, task_id: &str, cost: Option<&str>) -> crate::support::scene::Leased {
    let lease = scene.lease("two_captcha", task_id).await;
    let twist = json!({ "kind": "cost_text", "text": cost });
    scene.server.providers.fault("two_captcha", "getTaskResult", 1, twist).await;
    let solved = scene.solve(&lease).await;
    assert_eq!(solved["status"], "ready", "{task_id}: {solved}");
    assert!(solved["solution"]["token"].is_string(), "{task_id}: {solved}");
    lease
}

on_both_databases! {
    async fn figures_that_are_none_are_reviewed(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let texts = [
            "\"-0.00145\"",
            "-0.00145",
            "\"NaN\"",
            "[0.00145]",
            "{\"amount\":0.00145}",
            "true",
            "\"\"",
            "\"0.0014512345678912345678901234567890123456\"",
            "1e308",
            "\"0,00145\"",
            "\"０.００１４５\"",
            "\"0.00726\"",
        ];
        let mut reviewed = Usd::ZERO;
        for text in texts {
            let lease = solve_at(&scene, text, Some(text)).await;
            let attempt = scene.attempt_in(&lease, "UNDER_REVIEW").await;
            assert_eq!(usd(&attempt["held"]), Usd::ZERO, "{text}");
            assert!(attempt["cost"].is_null(), "{text}: {attempt}");
            reviewed += PRICE;
            let shown = scene.owner.key(&key.id).await;
            assert_eq!(usd(&shown["underReview"]), reviewed, "{text}");
            assert_eq!(shown["lendable"], true, "{text}");
        }
        scene.expect_credited(Usd::ZERO).await;
    }

    async fn no_figure_is_the_list_price_for_the_time_being(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        for (task_id, cost) in [("missing", None), ("null", Some("null"))] {
            let lease = solve_at(&scene, task_id, cost).await;
            let attempt = scene.attempt_in(&lease, "SETTLED").await;
            assert_eq!(attempt["costSource"], "PRICE_LIST", "{task_id}");
        }
        let account = scene.owner.account().await;
        assert_eq!(account["transactions"]["nodes"][0]["provisional"], true, "{account}");
        scene.expect_credited(scene.charged(&key).await).await;
    }

    async fn an_operator_closes_the_review(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let charged = solve_at(&scene, "charged", Some("\"NaN\"")).await;
        let free = solve_at(&scene, "free", Some("\"NaN\"")).await;
        let code = |payload: &serde_json::Value| payload["userErrors"][0]["code"].clone();
        for cost in ["0.007250001", "-0.00145"] {
            assert_eq!(code(&scene.resolve(&charged, cost).await), "COST_IMPLAUSIBLE", "{cost}");
        }
        let resolved = scene.resolve(&charged, "0.00145").await;
        assert_eq!(resolved["attempt"]["state"], "SETTLED", "{resolved}");
        assert_eq!(resolved["attempt"]["cost"], "0.00145");
        assert_eq!(code(&scene.resolve(&charged, "0.00145").await), "NOT_UNDER_REVIEW");
        scene.expect_credited(PRICE).await;
        let resolved = scene.resolve(&free, "0").await;
        assert_eq!(resolved["attempt"]["state"], "FAILED_FREE", "{resolved}");
        assert_eq!(code(&scene.resolve(&free, "0").await), "NOT_UNDER_REVIEW");
        scene.expect_credited(PRICE).await;
        assert_eq!(usd(&scene.owner.key(&key.id).await["underReview"]), Usd::ZERO);
        // The solution is the dispatcher's, whatever became of the charge.
        let document = "mutation($input: ResolveAttemptInput!) { resolveAttempt(input: $input) { userErrors { code } } }";
        let input = json!({ "input": { "attemptId": free.attempt, "cost": "0", "note": "" } });
        let refused = scene.dispatcher.run(document, input).await;
        assert_eq!(refused.code(), "FORBIDDEN");
    }

    async fn an_id_given_out_twice_is_reviewed(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let first = scene.lease("two_captcha", "first").await;
        let second = scene.lease("two_captcha", "second").await;
        let created = scene.create(&first).await;
        let twist = json!({ "kind": "duplicate_task_id" });
        scene.server.providers.fault("two_captcha", "createTask", 1, twist).await;
        let refused = scene.create(&second).await;
        assert_ne!(refused["errorId"], 0, "{refused}");
        scene.attempt_in(&second, "UNDER_REVIEW").await;
        assert_eq!(scene.outcome(&first, &created["taskId"]).await["status"], "ready");
        scene.attempt_in(&first, "SETTLED").await;
        scene.expect_credited(PRICE).await;
        let resolved = scene.resolve(&second, "0.00145").await;
        assert_eq!(resolved["attempt"]["state"], "SETTLED", "{resolved}");
        scene.expect_credited(scene.charged(&key).await).await;
    }
}
