//! Calls that a person must approve.

use aftercall_core::{
    id::{RunId, Sha256Hex},
    json::Json,
    ports::Accept,
    run::{ApprovalAsk, Said},
    terms::{Approval, Terms},
};

use super::lives::{Lives, demand_at};
use crate::{
    Broken, Engines,
    broken::{Held, demand, demand_eq},
    stage::{Stage, Told},
};

/// How long a person has, in moments.
const WITHIN_MOMENTS: u64 = 16;

/// An engine whose process has a run that wants to send, which a person must approve, and to do something else.
async fn begin(engines: &dyn Engines) -> (Stage, Accept) {
    let stage = Stage::new(engines).await;
    let within_ms = stage.world.moments(WITHIN_MOMENTS);
    stage.world.grant("send", Terms::default().held_by(None, Some(Approval { within_ms })));
    let call = stage.world.call("acme", "c1", 0, &[&["send 1", "upsert 1"], &[]]);
    (stage, call)
}

/// The same, up to where it awaits the approval.
async fn awaiting(engines: &dyn Engines) -> Held<(Stage, Told, RunId)> {
    let (mut stage, call) = begin(engines).await;
    stage.start().await;
    stage.submit(&call).await?;
    let run = call.identity.run();
    let told = stage.stands(&run, |told| told.awaits_approval() || told.has_ended()).await?;
    demand(told.awaits_approval(), || format!("no approval was awaited: it ended as {}", told.outcome()))?;
    let has_ms = told.ask()?.expires_at.ms_since(call.at);
    let wanted_ms = stage.world.moments(WITHIN_MOMENTS);
    let close = (wanted_ms..=wanted_ms + stage.world.moments(1)).contains(&has_ms);
    demand(close, || format!("a person has {has_ms} ms time to approve, not {wanted_ms}"))?;
    Ok((stage, told, run))
}

/// A tool that a person must approve does not act before they have, nor ever if they refuse. The other calls of the turn go
/// on meanwhile, and the model isn't asked before all have results. All of it across a restart, whether the word comes
/// before or after it.
pub(super) async fn nothing_acts_without_its_approval(engines: &dyn Engines) -> Held {
    for approves in [true, false] {
        for down in ["never", "before the word", "while the word is said"] {
            let (mut stage, told, run) = awaiting(engines).await?;
            let ask = told.ask()?;
            demand_eq("the arguments asked about", ask.arguments.as_str(), r#"{"n":1}"#)?;
            if down == "before the word" {
                stage.restart().await;
            }
            stage.pass(3).await;
            stage.has_made(&["upsert 1"])?;
            demand_eq("questions to the model before all calls have results", stage.world.asks().len(), 1)?;
            if down == "while the word is said" {
                stage.kill().await;
            }
            let said = if approves { Said::Approve(ask) } else { Said::Refuse { reason: "wrong number".to_owned() } };
            stage.decide(&run, 0, said).await;
            if down == "while the word is said" {
                stage.start().await;
            }
            let told = stage.ended(&run).await?;
            let results = stage.world.told(&run);
            demand_eq("results that the model was told", results[0].len(), 2)?;
            if approves {
                demand_eq("the outcome of what was approved", told.outcome(), "completed")?;
                stage.has_made(&["send 1", "upsert 1"])?;
            } else {
                demand_eq("the outcome of what was refused", told.outcome(), "failed")?;
                demand(results[0][0].contains("wrong number"), || "the model isn't told why".to_owned())?;
                stage.has_made(&["upsert 1"])?;
            }
            stage.tells_truly(&[&told])?;
        }
    }
    Ok(())
}

/// An approval holds for the component and the arguments that were asked about, and for that call: one of anything else is
/// none.
pub(super) async fn an_approval_holds_for_what_was_asked_alone(engines: &dyn Engines) -> Held {
    for restarts in [false, true] {
        let (mut stage, told, run) = awaiting(engines).await?;
        let ask = told.ask()?;
        let others = [
            (0, ApprovalAsk { component: Sha256Hex::of(b"another component"), ..ask.clone() }),
            (0, ApprovalAsk { arguments: Json::parse(r#"{"n":2}"#).expect("JSON"), ..ask.clone() }),
            (0, ApprovalAsk { expires_at: ask.expires_at.plus_ms(1), ..ask.clone() }),
            (1, ask.clone()),
        ];
        for (index, other) in others {
            stage.decide(&run, index, Said::Approve(other.clone())).await;
            if restarts {
                stage.restart().await;
            }
            stage.pass(2).await;
            stage.has_made(&["upsert 1"]).map_err(|broken| broken.within(format!("{other:?} was approved")))?;
            demand(stage.read(&run).await?.awaits_approval(), || "it awaits no approval any more".to_owned())?;
        }
        stage.decide(&run, 0, Said::Approve(ask)).await;
        let told = stage.ended(&run).await?;
        demand_eq("the outcome", told.outcome(), "completed")?;
        stage.has_made(&["send 1", "upsert 1"])?;
    }
    Ok(())
}

/// What nobody approved in time is refused at that instant, whatever restarts come between; an approval that comes later is
/// none.
pub(super) async fn an_approval_expires_at_its_instant(engines: &dyn Engines) -> Held {
    for lives in Lives::ALL {
        for comes_late in [false, true] {
            let (mut stage, told, run) = awaiting(engines).await?;
            let ask = told.ask()?;
            let expires_at = ask.expires_at;
            if comes_late {
                stage.kill().await;
                stage.pass_until(expires_at.plus_ms(stage.world.moments(1))).await;
                stage.decide(&run, 0, Said::Approve(ask)).await;
                stage.start().await;
            } else {
                let instant = lives.live(&mut stage, expires_at).await?;
                let told = stage.ended(&run).await?;
                demand_at(&stage, "it was refused", told.newest_at(), instant)
                    .map_err(|broken| broken.within(format!("{lives:?}")))?;
            }
            let told = stage.ended(&run).await?;
            demand_eq("the outcome", told.outcome(), "failed")?;
            stage.has_made(&["upsert 1"])?;
        }
    }
    Ok(())
}

/// Whichever point a process dies at, what was approved is done once, and nothing before it was approved.
pub(super) async fn an_approval_survives_a_crash_at_any_point(engines: &dyn Engines) -> Held {
    for point in 0.. {
        let within = |broken: Broken| broken.within(format!("killed at point {point}"));
        if !approve_and_die(engines, point).await.map_err(within)? {
            break;
        }
    }
    Ok(())
}

/// Says whether the process came to the point.
async fn approve_and_die(engines: &dyn Engines, point: u64) -> Held<bool> {
    let (mut stage, call) = begin(engines).await;
    let run = call.identity.run();
    stage.world.stop_at(point);
    let before_taken = stage.submit_whoever_stops(&call).await?;
    let waits = |told: &Told| told.awaits_approval() || told.has_ended();
    let (told, before_asked) = stage.stands_whoever_stops(&run, waits).await?;
    stage.has_made(&["upsert 1"])?;
    stage.decide(&run, 0, Said::Approve(told.ask()?)).await;
    let (told, before_ended) = stage.stands_whoever_stops(&run, Told::has_ended).await?;
    demand_eq("the outcome", told.outcome(), "completed")?;
    stage.has_made(&["send 1", "upsert 1"])?;
    stage.tells_truly(&[&told])?;
    Ok(before_taken || before_asked || before_ended)
}
