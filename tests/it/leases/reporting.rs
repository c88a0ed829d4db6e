//! reportSolution: one verdict for each solution, passed on to the provider.

use serde_json::{Value, json};

use crate::support::{Scene, eventually};

async fn report(scene: &Scene, attempt: &Value, verdict: &str) -> Value {
    let document = "mutation($input: ReportSolutionInput!) { reportSolution(input: $input) {
        attempt { verdict } userErrors { code } } }";
    let input = json!({ "input": { "attemptId": attempt, "verdict": verdict } });
    scene.dispatcher.run(document, input).await.data()["reportSolution"].clone()
}

on_both_databases! {
    async fn a_solution_has_one_verdict(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        assert_eq!(report(&scene, &lease.attempt, "REJECTED").await["userErrors"][0]["code"], "NOT_SOLVED");
        assert_eq!(scene.solve(&lease).await["status"], "ready");
        for _ in 0..2 {
            let reported = report(&scene, &lease.attempt, "REJECTED").await;
            assert_eq!(reported, json!({ "attempt": { "verdict": "REJECTED" }, "userErrors": [] }));
        }
        assert_eq!(report(&scene, &lease.attempt, "ACCEPTED").await["userErrors"][0]["code"], "VERDICT_CONFLICT");
        eventually("the provider is told", || async { (scene.calls(&key, "report").await == 1).then_some(()) }).await;
        assert_eq!(report(&scene, &json!("bm90aGluZw"), "ACCEPTED").await["userErrors"][0]["code"], "ATTEMPT_NOT_FOUND");
        scene.expect_credited(scene.charged(&key).await).await;
    }

    /// By the provider's own method through the gateway, for the lease's own finished task.
    async fn the_gateway_takes_reports(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let created = scene.create(&lease).await;
        let body = |id: &Value| json!({ "clientKey": lease.token, "taskId": id });
        let early = scene.gateway.call("reportIncorrect", body(&created["taskId"])).await;
        assert_ne!(early["errorId"], 0, "not solved yet: {early}");
        scene.outcome(&lease, &created["taskId"]).await;
        let foreign = scene.gateway.call("reportIncorrect", body(&json!(1))).await;
        assert_ne!(foreign["errorId"], 0, "not its task: {foreign}");
        let taken = scene.gateway.call("reportIncorrect", body(&created["taskId"])).await;
        assert_eq!(taken["errorId"], 0, "{taken}");
        assert_eq!(scene.dispatcher.attempt(&lease.attempt).await["verdict"], "REJECTED");
        eventually("the provider is told", || async { (scene.calls(&key, "report").await == 1).then_some(()) }).await;
    }
}
