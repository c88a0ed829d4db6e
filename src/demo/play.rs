//! The demo from its first line to the closing account.

use std::time::Duration;

use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use url::Url;

use crate::app::App;
use crate::cli::out::Out;
use crate::cli::signal::Ending;
use crate::domain::clock::SharedClock;
use crate::domain::{Entropy, ProviderCode, Scope, Scopes, Secret, TaskType, Usd};
use crate::telemetry::{self, Format, Target};

use super::cast::{BO, Cast, Roles};
use super::child::Role;
use super::client::{Client, Trouble};
use super::dispatcher::{Errand, Orders};
use super::report::Report;
use super::stage::{Ports, Stage};
use super::table::Screen;
use super::watch::{Scene, Watcher};
use super::{Failure, Options};

/// Tasks at once.
const WORKERS: u64 = 40;
/// Tasks that use up the nearly empty key.
const ERRANDS: usize = 3;
/// Pause between two moments that are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Looks between two lines without a terminal.
const LOOKS_PER_LINE: u64 = 10;
/// Pause between two times that an owner spends elsewhere.
const SPEND_INTERVAL: Duration = Duration::from_millis(450);
/// When an owner removes a key at the latest.
const REMOVE_AFTER: Duration = Duration::from_secs(15);
/// How long the dispatcher may take to finish its tasks.
const DISPATCHER_PATIENCE: Duration = Duration::from_secs(160);
/// How long settling and reconciling may take.
const SETTLE_PATIENCE: Duration = Duration::from_secs(90);
/// What the last lines say.
const WAITING: &str = "settling and reconciling (Ctrl-C: as it stands)";
/// What an owner spends elsewhere at a time: CapMonster's price of a `ReCAPTCHA`.
const SPENT_ELSEWHERE: Usd = Usd::from_nanos(600_000);
/// Where that owner stops.
const SPENT_DOWN_TO: Usd = Usd::from_nanos(200_000_000);

/// Plays the demo; answers whether it balanced.
pub(crate) async fn run(
    options: Options,
    out: Out,
    clock: SharedClock,
    entropy: &dyn Entropy,
    ending: &mut Ending,
) -> Result<bool, Failure> {
    let ports = Ports::choose(options.port)?;
    let stage = Stage::build(options.data.clone(), &*clock, entropy)?;
    let log = Target::File(stage.log_file()?);
    let client = Client::new()?;
    let mut sandbox = Sandbox::start(ports.sandbox, options.seed).await?;
    let config = stage.config(ports, &sandbox.providers, options.log.clone())?;
    telemetry::start(Format::Json, &config.log.filter, log).map_err(|error| Failure::Usage(error.to_string()))?;
    let app = App::start(&config).await?;
    let performance = async {
        let play = Play::prepare(&options, &app, &stage, &sandbox, client, clock).await?;
        let head = play.head(&app, &stage, &sandbox);
        for line in &head {
            out.line(line)?;
        }
        let mut screen = Screen::new(out, options.live, options.color);
        let report = play.perform(&options, &mut screen, &head, ending).await?;
        screen.leave()?;
        Ok::<Report, Failure>(report)
    };
    let outcome = performance.await;
    app.shutdown().await;
    sandbox.role.stop().await;
    let report = outcome?;
    for line in report.lines() {
        out.line(&line)?;
    }
    if let Some(path) = &options.report {
        let text = serde_json::to_string_pretty(&report).map_err(|error| Trouble::new(error.to_string()))?;
        std::fs::write(path, text + "\n")
            .map_err(|error| Failure::Usage(format!("{} cannot be written: {error}", path.display())))?;
    }
    Ok(report.balanced)
}

/// The sandbox's process and its addresses.
struct Sandbox {
    role: Role,
    base: String,
    providers: Vec<(ProviderCode, String)>,
}

impl Sandbox {
    async fn start(port: u16, seed: u64) -> Result<Self, Failure> {
        let (port, seed) = (port.to_string(), seed.to_string());
        let arguments = ["sandbox", "--json", "--until-stdin-closes", "--port", &port, "--seed", &seed];
        let mut role = Role::start("sandbox", &arguments)?;
        let line = role.line().await?;
        let addresses: Value =
            serde_json::from_str(&line).map_err(|_| Trouble::new("the sandbox's addresses cannot be read"))?;
        let address = |name: &str| {
            let found = addresses.get(name).and_then(Value::as_str).map(str::to_owned);
            found.ok_or_else(|| Trouble::new("the sandbox names no address"))
        };
        let providers =
            ProviderCode::ALL.iter().map(|code| Ok((*code, address(code.slug())?))).collect::<Result<_, Trouble>>()?;
        Ok(Self { base: address("base")?, role, providers })
    }
}

/// Everything that moves.
struct Play {
    client: Client,
    cast: Cast,
    roles: Roles,
    watcher: Watcher,
    dispatcher: Role,
    service_token: Secret,
    operator_token: Secret,
}

impl Play {
    /// Makes tokens and keys and starts the dispatcher.
    async fn prepare(
        options: &Options,
        app: &App,
        stage: &Stage,
        sandbox: &Sandbox,
        client: Client,
        clock: SharedClock,
    ) -> Result<Self, Failure> {
        let graphql = format!("http://{}/graphql", app.public_addr());
        let service_token = token(app, "dispatcher", Scope::Dispatch).await?;
        let operator_token = token(app, "operations", Scope::Operate).await?;
        let bot_token = stage.bot_token.expose_secret().into();
        let cast = Cast::new(client.clone(), graphql.clone(), sandbox.base.clone(), bot_token, clock);
        // While keys are handed over the providers take their time, so that people see them PENDING.
        tune(&client, sandbox, &json!({ "latency_ms": [300, 600] })).await?;
        let roles = cast.hand_over(options.seed).await?;
        tune(&client, sandbox, &json!({ "latency_ms": [3, 25], "solve_ms": [200, 1500], "unsolvable_percent": 4 }))
            .await?;
        let mut watcher =
            Watcher::new(client.clone(), graphql.clone(), sandbox.base.clone(), &operator_token, cast.owners.clone());
        for (provider, statuses) in &roles.statuses {
            for status in statuses {
                watcher.saw(*provider, status);
            }
        }
        let mut dispatcher = Role::start("dispatcher", &["demo-dispatcher"])?;
        let owners: Vec<i64> = cast.owners.iter().map(|owner| owner.telegram_user_id).collect();
        let errand = owners.get(BO).map(|account| Errand {
            account: *account,
            provider: ProviderCode::AntiCaptcha,
            task_type: TaskType::ImageToText,
        });
        let orders = Orders {
            graphql,
            token: service_token.expose_secret().to_owned(),
            workers: WORKERS,
            owners,
            seed: options.seed,
            errands: errand.into_iter().cycle().take(ERRANDS).collect(),
        };
        let line = serde_json::to_string(&orders).map_err(|error| Trouble::new(error.to_string()))?;
        dispatcher.tell(&line).await?;
        Ok(Self { client, cast, roles, watcher, dispatcher, service_token, operator_token })
    }

    /// Addresses and tokens to play with.
    fn head(&self, app: &App, stage: &Stage, sandbox: &Sandbox) -> Vec<String> {
        let (public, gateway, admin) = (app.public_addr(), app.gateway_addr(), app.admin_addr());
        let title = "Key Recycling demo";
        let mut head =
            vec![format!("{title:<42}Ctrl-C drains and prints the closing account"), "  Mini App".to_owned()];
        let owners = self.cast.owners.iter();
        if let Ok(origin) = Url::parse(&format!("http://{public}")) {
            head.extend(owners.map(|owner| format!("    {:<10}  {}", owner.name, self.cast.mini_app(owner, &origin))));
        }
        let owner = self.cast.owners.first().map(|owner| (owner.name, self.cast.authorization(owner)));
        let service = |token: &Secret| format!("Bearer {}", token.expose_secret());
        let callers = owner
            .into_iter()
            .chain([("dispatcher", service(&self.service_token)), ("operations", service(&self.operator_token))]);
        head.extend([
            format!(
                "  GraphiQL  http://{public}/graphiql    Gateway  http://{gateway}    Metrics  http://{admin}/metrics"
            ),
            format!("  Sandbox   {}/admin/books    Data  {}", sandbox.base, stage.folder.display()),
            "  Authorization for GraphiQL:".to_owned(),
        ]);
        head.extend(callers.map(|(name, login)| format!("    {name:<10}  {login}")));
        head
    }

    /// Lets it all run, then waits until it is settled, and draws up the account.
    async fn perform(
        mut self,
        options: &Options,
        screen: &mut Screen,
        head: &[String],
        ending: &mut Ending,
    ) -> Result<Report, Failure> {
        let start = Instant::now();
        let remove_after = options.length.map_or(REMOVE_AFTER, |length| REMOVE_AFTER.min(length / 3));
        let side_scenes = SideScenes { client: self.client, cast: self.cast, roles: self.roles, remove_after };
        tokio::select! {
            outcome = watch(&mut self.watcher, screen, head, start) => outcome?,
            trouble = self.dispatcher.ended() => return Err(trouble.into()),
            outcome = side_scenes.play(start) => outcome?,
            () = until(options.length.map(|length| start + length)) => {}
            () = ending.told() => {}
        }
        let seconds = start.elapsed().as_secs();
        let settling = async {
            self.dispatcher.finish(DISPATCHER_PATIENCE).await;
            settle(&mut self.watcher, screen, head, start, (seconds, options.seed)).await
        };
        tokio::select! {
            report = settling => report,
            // Told twice: the account is drawn up as it stands.
            () = ending.told() => Ok(Report::draw_up(&self.watcher, seconds, options.seed).await?),
        }
    }
}

/// Shows how things go, for ever.
async fn watch(watcher: &mut Watcher, screen: &mut Screen, head: &[String], start: Instant) -> Result<(), Failure> {
    let mut looks = interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0_u64.. {
        looks.tick().await;
        let scene = watcher.look().await?;
        if screen.is_live() || number.is_multiple_of(LOOKS_PER_LINE) {
            screen.show(head, &scene, start.elapsed().as_secs())?;
        }
    }
    Ok(())
}

/// Waits until nothing is open, books and ledger agree, and no credit is provisional any more, as
/// long as that may take. Quiet readings, which reconcile, begin 30 s after a key's last task.
async fn settle(
    watcher: &mut Watcher,
    screen: &mut Screen,
    head: &[String],
    start: Instant,
    (seconds, seed): (u64, u64),
) -> Result<Report, Failure> {
    let deadline = Instant::now() + SETTLE_PATIENCE;
    for number in 0_u64.. {
        let looked = watcher.look().await?;
        let scene = Scene { waiting: Some(WAITING), ..looked };
        if screen.is_live() || number.is_multiple_of(LOOKS_PER_LINE) {
            screen.show(head, &scene, start.elapsed().as_secs())?;
        }
        let may_be_done = scene.open == 0 && scene.charged == scene.credited;
        if may_be_done || Instant::now() > deadline {
            let report = Report::draw_up(watcher, seconds, seed).await?;
            if report.is_reconciled() || Instant::now() > deadline {
                return Ok(report);
            }
        }
        sleep(LOOK_INTERVAL).await;
    }
    Ok(Report::draw_up(watcher, seconds, seed).await?)
}

/// What owners do by themselves meanwhile.
struct SideScenes {
    client: Client,
    cast: Cast,
    roles: Roles,
    remove_after: Duration,
}

impl SideScenes {
    /// One owner spends elsewhere, another takes a key out; then it goes on for ever.
    async fn play(&self, start: Instant) -> Result<(), Failure> {
        let remove = async {
            sleep_until(start + self.remove_after).await;
            let (owner, id) = &self.roles.removed;
            self.cast.remove(*owner, id).await
        };
        tokio::try_join!(self.spend_elsewhere(), remove)?;
        Ok(())
    }

    async fn spend_elsewhere(&self) -> Result<(), Trouble> {
        let books = &self.roles.spent_elsewhere;
        let spend = format!("{books}/spend");
        let amount = json!({ "amount": SPENT_ELSEWHERE.to_string() });
        loop {
            let after = self.client.order(Method::POST, &spend, &amount).await?;
            let balance = after.get("balance").and_then(Value::as_str).and_then(|text| text.parse().ok());
            let pause = if balance.is_some_and(|balance: Usd| balance > SPENT_DOWN_TO) { 1 } else { 10_000 };
            sleep(SPEND_INTERVAL * pause).await;
        }
    }
}

/// Waits until the moment, or for ever.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Changes every provider's settings.
async fn tune(client: &Client, sandbox: &Sandbox, settings: &Value) -> Result<(), Trouble> {
    for code in ProviderCode::ALL {
        let address = format!("{}/admin/{}/settings", sandbox.base, code.slug());
        client.order(Method::PATCH, &address, settings).await?;
    }
    Ok(())
}

async fn token(app: &App, service: &str, scope: Scope) -> Result<Secret, Failure> {
    let made = app.identity.create_token(service, Scopes::of(&[scope]), None).await;
    let made = made.map_err(|error| Trouble::new(error.to_string()))?;
    Ok(made.map_err(|_| Trouble::new("the demo's services cannot have tokens"))?.token)
}
