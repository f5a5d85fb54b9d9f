//! From a call's record to the first event of its run.

use aftercall_core::{
    conversation::Conversation,
    id::{AssistantName, RunIdentity, Tenant},
    ports::Accept,
    repair::{Unrepairable, repair},
    run::{Decline, Ending, Event, Kind, Pins},
};
use anyhow::{anyhow, bail};

use crate::app::{App, Ready};

/// A call's record, and what the caller of the program says of it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The record as it arrived.
    pub raw: &'a [u8],
    /// Whose call it is, if said.
    pub tenant: Option<&'a Tenant>,
    /// Which assistant took it, if said.
    pub assistant: Option<&'a AssistantName>,
    /// 0, or a further look at the same call.
    pub revision: u32,
}

/// What is accepted: the conversation, and the footing of its run.
pub(crate) fn accept(app: &App, call: &Call<'_>) -> anyhow::Result<Accept> {
    let parsed = aftercall_intake::parse(call.raw)?;
    let tenant = tenant(app, call.tenant, parsed.tenant.as_deref())?;
    let assistant = assistant(app, &tenant, call.assistant, parsed.assistant.as_deref())?;
    let at = app.clock.now();
    let mut conversation = parsed.conversation;
    let kind = first(app, assistant, &mut conversation);
    let ending = match &kind {
        Kind::Declined(decline) => Some(Ending::from(decline.clone())),
        _ => None,
    };
    let identity = RunIdentity {
        tenant,
        platform: conversation.platform.clone(),
        conversation: conversation.id.clone(),
        revision: call.revision,
    };
    Ok(Accept { identity, at, raw: call.raw.to_vec(), conversation, first: Event { at, kind }, ending })
}

fn first(app: &App, ready: &Ready, conversation: &mut Conversation) -> Kind {
    let cannot = |reason: String| Kind::Declined(Decline::CannotContinue { reason });
    let model = match app.models.pin(conversation.model.name.as_deref()) {
        Ok(model) => model,
        Err(failure) => return cannot(failure.message),
    };
    let repairs = match repair(conversation) {
        Ok(repairs) => repairs,
        Err(nothing @ Unrepairable::NothingSaid) => {
            return Kind::Declined(Decline::Skipped { reason: nothing.to_string() });
        }
        Err(why) => return cannot(why.to_string()),
    };
    Kind::Started(Box::new(Pins {
        configuration: app.config.digest(),
        assistant: ready.assistant.name.clone(),
        steps: ready.assistant.steps.clone(),
        model,
        tools: ready.tools.clone(),
        budgets: ready.assistant.budgets,
        retries: ready.assistant.retries,
        repairs,
    }))
}

fn tenant(app: &App, said: Option<&Tenant>, recorded: Option<&str>) -> anyhow::Result<Tenant> {
    let known = || app.config.tenants.keys().map(Tenant::as_str).collect::<Vec<_>>().join(", ");
    let named = match (said, recorded) {
        (Some(said), _) => Some(said.clone()),
        (None, Some(recorded)) => Some(recorded.parse().map_err(|error| anyhow!("the call record's tenant: {error}"))?),
        (None, None) => None,
    };
    match named {
        Some(tenant) if app.config.tenants.contains_key(&tenant) => Ok(tenant),
        Some(tenant) => bail!("there is no tenant `{tenant}` in the configuration; it has: {}", known()),
        None => match app.config.tenants.keys().collect::<Vec<_>>().as_slice() {
            [only] => Ok((*only).clone()),
            [] => bail!("the configuration has no tenant: add [tenants.NAME]"),
            _ => bail!("whose call is it? Say --tenant, one of: {}", known()),
        },
    }
}

fn assistant<'a>(
    app: &'a App,
    tenant: &Tenant,
    said: Option<&AssistantName>,
    recorded: Option<&str>,
) -> anyhow::Result<&'a Ready> {
    let of_tenant: Vec<&Ready> =
        app.assistants.iter().filter(|((owner, _), _)| owner == tenant).map(|(_, ready)| ready).collect();
    let known = || of_tenant.iter().map(|ready| ready.assistant.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(said) = said {
        let found = of_tenant.iter().find(|ready| ready.assistant.name == *said);
        return found.copied().ok_or_else(|| anyhow!("tenant {tenant} has no assistant `{said}`; it has: {}", known()));
    }
    let config = &app.config.tenants[tenant].assistants;
    let answers_to = |ready: &&&Ready, id: &str| {
        let name = &ready.assistant.name;
        name.as_str() == id || config[name].platform_ids.iter().any(|known| known == id)
    };
    if let Some(found) = recorded.and_then(|id| of_tenant.iter().find(|ready| answers_to(ready, id))) {
        return Ok(found);
    }
    match (of_tenant.as_slice(), recorded) {
        ([only], _) => Ok(only),
        ([], _) => bail!("tenant {tenant} has no assistant: add [tenants.{tenant}.assistants.NAME]"),
        (_, Some(id)) => bail!(
            "which assistant took the call? The record says `{id}`: add that to the `platform_ids` of one of {}, or say --assistant",
            known()
        ),
        (_, None) => bail!("which assistant took the call? Say --assistant, one of: {}", known()),
    }
}
