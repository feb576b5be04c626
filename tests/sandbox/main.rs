//! The sandbox beside the local stack: `sandbox --config .local/sandbox.json`. Prints one line when it is ready, ends
//! on SIGTERM or SIGINT, reloads nothing.

use anyhow::{Context as _, bail};
use sandbox::{Config, Sandbox};
use std::io::Write as _;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let path = config_path()?;
    let text = std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let mut config: Config =
        serde_json::from_slice(&text).with_context(|| format!("failed to understand {}", path.display()))?;
    if config.seed == 0 {
        config.seed = u64::try_from(sandbox::clock::epoch_millis()).unwrap_or(1) * 10;
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut sandbox = Sandbox::start(config).await?;
    writeln!(std::io::stdout(), "sandbox ready: {} (AWS proxy {})", sandbox.url(), sandbox.aws_url())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = sandbox.wait() => bail!("the sandbox's listeners ended"),
    }
    Ok(())
}

fn config_path() -> anyhow::Result<PathBuf> {
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(flag), Some(path), None) if flag == "--config" => Ok(path.into()),
        _ => bail!("usage: sandbox --config <file>"),
    }
}
