//! Taking a call in: a place for its run, the run, and what its platform made of the call where that comes later.

use aftercall_core::{
    conversation::Conversation,
    inbox::Analysis,
    ports::{Accept, Acceptance, RecordsError},
    run::Run,
};
use aftercall_engine::Full;

use crate::app::{Accepted, App};

/// Why a call was not taken in. Nothing of it was kept then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// There is no room for its run.
    #[error("{0}")]
    Full(#[from] Full),
    /// The records failed.
    #[error("{0}")]
    Records(#[from] RecordsError),
}

/// Takes a call in, durably, and has its run driven. The same call again is the same run; what its platform made of the
/// call is added to it, or opens a revision where its assistant wants that.
///
/// # Errors
/// There is no room, or the records failed.
pub(crate) async fn take_in(app: &App, accept: Accept) -> Result<Accepted, NotTaken> {
    let first = begin(app, &accept).await?;
    let Conversation { summary, variables, .. } = &accept.conversation;
    if first.acceptance != Acceptance::Known || summary.is_none() && variables.is_none() {
        return Ok(first);
    }
    let stored = match app.read(&first.run).await {
        Ok(stored) => stored,
        // It has been deleted since.
        Err(RecordsError::NoSuchRun(_)) => return Ok(first),
        Err(error) => return Err(error.into()),
    };
    let analysis = Analysis { summary: summary.clone(), variables: variables.clone(), raw: accept.raw.clone() };
    if !analysis.adds_to(&stored.conversation) {
        return Ok(first);
    }
    let has_begun = stored.journal.len() > 1;
    let revised = match has_begun && app.assistant_of(&accept).is_some_and(|assistant| assistant.start.revises) {
        true => Some(begin(app, &accept.revised()).await?),
        false => None,
    };
    // After the revision, so that neither is missing where this breaks in between and the event is sent again.
    app.inbox.analysed(&first.run, &analysis).await?;
    Ok(revised.unwrap_or(first))
}

async fn begin(app: &App, accept: &Accept) -> Result<Accepted, NotTaken> {
    // Before it is accepted, since what was accepted is never refused.
    let place = app.dispatcher.reserve(&accept.identity.tenant)?;
    let accepted = app.accept(accept).await?;
    if waits(app, &accepted).await? {
        place.fill(accepted.run.clone());
    }
    Ok(accepted)
}

/// Whether a run is still to be driven, by whoever has a place for it.
async fn waits(app: &App, accepted: &Accepted) -> Result<bool, RecordsError> {
    match accepted.acceptance {
        Acceptance::New => Ok(accepted.ending.is_none()),
        Acceptance::Forgotten => Ok(false),
        Acceptance::Known if app.dispatcher.knows(&accepted.run) => Ok(false),
        // It was accepted and got no place, because something broke in between: it gets one now.
        Acceptance::Known => match app.read(&accepted.run).await {
            Ok(stored) => Ok(Run::replay(stored.journal).is_ok_and(|run| run.ending().is_none())),
            // It has been deleted since.
            Err(RecordsError::NoSuchRun(_)) => Ok(false),
            Err(error) => Err(error),
        },
    }
}
