//! `aftercall runs resolve | approve | refuse | cancel`: what people want of runs that are not over.
//!
//! It is left in the records, where whoever drives the run finds it: a server within a second, or the next that starts.

use std::io::Write;

use aftercall_core::{
    id::RunId,
    ports::{Clock as _, Interventions as _},
    run::{ApprovalAsk, CallId, Intervention, Resolution, Run, Said, Standing, Wait},
    tool::Receipt,
};
use aftercall_storage::Sqlite;
use anyhow::{Context as _, anyhow, bail};

use super::runs::{find, path, reader};
use crate::{cli, clock::SystemClock};

/// Takes what somebody wants of a run.
///
/// # Errors
/// There is no such run, or it isn't where this can be done.
pub(super) async fn intervene(what: &cli::Intervene, out: &mut impl Write) -> anyhow::Result<()> {
    match what {
        cli::Intervene::Cancel { run, store, reason } => {
            let (id, run) = read(store, run).await?;
            if run.ending().is_some() || run.attending().is_some() {
                bail!("{id} is {}: the model's work in it is over, and can't be cancelled", run.outcome());
            }
            leave(store, &id, Intervention::Cancel { reason: reason.clone() }).await?;
            told(out, &id, "it is asked to end")
        }
        cli::Intervene::Resolve { of, what, kind } => {
            let (id, run) = read(&of.store, &of.run).await?;
            let call = which(of, &id, &run, &run.unknowable(), "has no effect that a person must settle")?;
            if run.attending().is_none() {
                bail!("{id} is under way: say this when it is {}", Standing::NeedsAttention.as_str());
            }
            let receipt = |id: &String| Receipt { id: id.clone(), kind: kind.clone(), url: None };
            let resolution = match (&what.done, what.redo) {
                (Some(id), _) => Resolution::Done { receipt: receipt(id) },
                (None, true) => Resolution::Redo,
                (None, false) => Resolution::Drop,
            };
            decide(of, &id, &run, call, Said::Resolve(resolution), out).await
        }
        cli::Intervene::Approve { of } => {
            let (id, run) = read(&of.store, &of.run).await?;
            let (call, ask) = awaiting(of, &id, &run)?;
            writeln!(out, "{}", ask.arguments.as_str())?;
            decide(of, &id, &run, call, Said::Approve(ask), out).await
        }
        cli::Intervene::Refuse { of, reason } => {
            let (id, run) = read(&of.store, &of.run).await?;
            let (call, _) = awaiting(of, &id, &run)?;
            decide(of, &id, &run, call, Said::Refuse { reason: reason.clone() }, out).await
        }
    }
}

async fn read(store: &cli::Store, beginning: &str) -> anyhow::Result<(RunId, Run)> {
    let reader = reader(store)?;
    let id = find(&reader, beginning).await?;
    let run = Run::replay(reader.read(&id).await?.journal)?;
    Ok((id, run))
}

/// The call that waits for approval, and what is asked.
fn awaiting(of: &cli::OfCall, id: &RunId, run: &Run) -> anyhow::Result<(CallId, ApprovalAsk)> {
    let ask = |call: CallId| match run.call(call)?.1.as_open()?.wait.as_ref()? {
        Wait::Approval(ask) => Some(ask.clone()),
        Wait::Pause(_) | Wait::Later(_) => None,
    };
    let waiting: Vec<CallId> = run.places().filter(|call| ask(*call).is_some()).collect();
    let call = which(of, id, run, &waiting, "has no call that waits for approval")?;
    Ok((call, ask(call).expect("it is one of those that wait")))
}

/// The call that is meant, of those for which this can be said.
fn which(of: &cli::OfCall, id: &RunId, run: &Run, waiting: &[CallId], none: &str) -> anyhow::Result<CallId> {
    let list = || waiting.iter().map(CallId::to_string).collect::<Vec<_>>().join(", ");
    match (&of.call, waiting) {
        (_, []) => bail!("{id} {none}: it is {}", run.outcome()),
        (None, [only]) => Ok(*only),
        (None, _) => bail!("several calls of {id} wait: say --call, one of {}", list()),
        (Some(named), _) => {
            let found = waiting.iter().find(|call| call.to_string() == *named);
            found
                .copied()
                .ok_or_else(|| anyhow!("call {named} of {id} waits for nothing of the kind; those that do: {}", list()))
        }
    }
}

async fn decide(
    of: &cli::OfCall,
    id: &RunId,
    run: &Run,
    call: CallId,
    said: Said,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let user = || std::env::var("USER").ok().filter(|user| !user.is_empty());
    let by = of.by.clone().or_else(user).unwrap_or_else(|| "somebody at the command line".to_owned());
    let tool = &run.asked(call).expect("it is a call of this run").name;
    leave(&of.store, id, Intervention::Decide { call, by, said }).await?;
    told(out, id, &format!("said of {tool} (call {call})"))
}

/// Leaves it in the records.
async fn leave(store: &cli::Store, id: &RunId, what: Intervention) -> anyhow::Result<()> {
    let path = path(store)?;
    let records =
        Sqlite::open_beside(&path).with_context(|| format!("the records {} can't be opened", path.display()))?;
    Ok(records.ask(id, SystemClock.now(), &what).await?)
}

fn told(out: &mut impl Write, id: &RunId, what: &str) -> anyhow::Result<()> {
    writeln!(
        out,
        "{id}: {what}. A running server does it within a second; otherwise it is done when the next one starts."
    )?;
    Ok(())
}
