//! Commands that run until they are told to end: the server, the sandbox, the demo.

use crate::app::App;
use crate::config::Needs;

use super::context::Context;
use super::failure::{Failure, Outcome};
use super::signal::Ending;

#[cfg(feature = "demo")]
use super::args::{DemoArguments, SandboxArguments};
#[cfg(feature = "demo")]
use super::out::on_terminal;
#[cfg(feature = "demo")]
use crate::demo;
#[cfg(feature = "demo")]
use crate::telemetry::{self, Format, Target};

/// Serves until told to end, then drains.
pub(super) async fn serve(context: &Context) -> Outcome {
    let mut ending = Ending::listen().map_err(Failure::unreachable)?;
    let config = context.config_with_log(Needs::SERVER)?;
    let app = App::start(&config).await?;
    let (public, gateway, admin) = (app.public_addr(), app.gateway_addr(), app.admin_addr());
    tracing::info!(%public, %gateway, %admin, "serving");
    context
        .out
        .record(&["public", "gateway", "admin"], [public, gateway, admin].map(|address| Some(address.to_string())))?;
    let outcome = tokio::select! {
        () = ending.told() => {
            tracing::info!("told to end; draining");
            Ok(())
        }
        () = app.disk_failed() => Err(Failure::Unreachable(
            "the disk failed under the database; see to it, then start again: what was answered before is kept"
                .to_owned(),
        )),
    };
    app.shutdown().await;
    outcome
}

/// Plays the six providers until told to end.
#[cfg(feature = "demo")]
pub(super) async fn sandbox(context: &Context, arguments: &SandboxArguments) -> Outcome {
    let mut ending = Ending::listen().map_err(Failure::unreachable)?;
    if !arguments.until_stdin_closes {
        let filter = context.log_filter().unwrap_or_else(|| "info".to_owned());
        let color = context.colors(telemetry::on_terminal());
        telemetry::start(Format::Pretty, &filter, Target::StandardError { color }).map_err(Failure::unreachable)?;
    }
    let listen = ([127, 0, 0, 1], arguments.port).into();
    let options = sandbox::Options { listen, seed: arguments.seed, tls: None };
    let sandbox = sandbox::start(options).await.map_err(|error| {
        let port = arguments.port;
        Failure::Unreachable(format!("the sandbox cannot listen on ports from {port} ({error}). Choose: --port N"))
    })?;
    let [two_captcha, capsolver, anti_captcha, capmonster_cloud, multibot, ucaptcha_native] =
        sandbox::Provider::ALL.map(|provider| Some(format!("http://{}", sandbox.provider(provider))));
    context.out.record(
        &["base", "two_captcha", "capsolver", "anti_captcha", "capmonster_cloud", "multibot", "ucaptcha_native"],
        [
            Some(format!("http://{}", sandbox.base())),
            two_captcha,
            capsolver,
            anti_captcha,
            capmonster_cloud,
            multibot,
            ucaptcha_native,
        ],
    )?;
    if arguments.until_stdin_closes {
        tokio::select! {
            () = demo::stdin_closed() => {}
            () = ending.terminated() => {}
        }
    } else {
        ending.told().await;
    }
    sandbox.stop().await;
    Ok(())
}

/// Dispatches the demo's tasks until standard input closes.
#[cfg(feature = "demo")]
pub(super) async fn dispatcher() -> Outcome {
    let mut ending = Ending::listen().map_err(Failure::unreachable)?;
    tokio::select! {
        outcome = demo::dispatch() => outcome.map_err(Failure::unreachable),
        () = ending.terminated() => Ok(()),
    }
}

/// Runs everything on this machine.
#[cfg(feature = "demo")]
pub(super) async fn demo(context: &Context, arguments: DemoArguments) -> Outcome {
    let mut ending = Ending::listen().map_err(Failure::unreachable)?;
    let terminal = on_terminal();
    let options = demo::Options {
        length: arguments.length,
        report: arguments.report,
        port: arguments.port,
        data: arguments.data,
        seed: arguments.seed,
        live: terminal && !arguments.plain,
        color: context.colors(terminal),
        log: context.log_filter(),
    };
    match demo::run(options, context.out, context.clock.clone(), &*context.entropy, &mut ending).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::No),
        Err(demo::Failure::Start(error)) => Err(error.into()),
        Err(demo::Failure::Usage(text)) => Err(Failure::Usage(text)),
        Err(demo::Failure::Output(error)) => Err(error.into()),
        Err(error) => Err(Failure::unreachable(error)),
    }
}
