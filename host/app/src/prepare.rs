//! From a call's record to the first event of its run.

use aftercall_core::{
    assistant::Start,
    conversation::{Conversation, Item},
    gate::Skip,
    id::{AssistantName, ConversationIdentity, RunIdentity, Tenant},
    inbox::WaitingCall,
    json::Json,
    live::NotOffered,
    model::{Failure, ModelPin},
    ports::Accept,
    repair::{Unrepairable, repair},
    run::{Decline, Ending, Event, Kind, PinnedTool, Pins},
    seed::{self, Already, Seed, Seeded},
    shared::Shared,
    time::Timestamp,
    window,
};
use aftercall_intake::{Parsed, without_secrets};
use aftercall_llm::{has_audio, left_out, lost_if_rewritten};
use serde_json::Map;

use crate::{
    app::App,
    live_tools::{Again, Carrier},
    tenants::Ready,
};

/// A call's record, and what whoever brings it says of it.
#[derive(Debug)]
pub struct Call<'a> {
    /// The record as it arrived.
    pub raw: &'a [u8],
    /// The same, translated.
    pub parsed: Parsed,
    /// Whose call it is, if said. The record may not say otherwise.
    pub tenant: Option<&'a Tenant>,
    /// Which assistant took it, if said.
    pub assistant: Option<&'a AssistantName>,
    /// 0, or a further look at the same call.
    pub revision: u32,
}

/// Why nobody here takes a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The record's tenant is no name.
    #[error("the call record's tenant: {0}")]
    TenantName(#[from] aftercall_core::id::InvalidName),
    /// The record is brought as one tenant's and says that it is another's.
    #[error(
        "the call record says tenant `{recorded}`, and it came as a call of `{said}`: send it where that tenant's calls go"
    )]
    OtherTenant {
        /// By whoever brings it.
        said: Tenant,
        /// By the record.
        recorded: Tenant,
    },
    /// There is no such tenant.
    #[error("there is no tenant `{tenant}` in the configuration; it has: {known}")]
    UnknownTenant {
        /// Which.
        tenant: Tenant,
        /// Those there are.
        known: String,
    },
    /// The tenant is there, and its configuration can't be used.
    #[error("the configuration of tenant `{tenant}` can't be used: {why}")]
    BrokenTenant {
        /// Which.
        tenant: Tenant,
        /// What is wrong with it.
        why: String,
    },
    /// There are several tenants, or none.
    #[error("whose call is it? Say --tenant, or `tenant` in the record; one of: {known}")]
    WhichTenant {
        /// Those there are.
        known: String,
    },
    /// The tenant has no assistant of that name.
    #[error("tenant {tenant} has no assistant `{assistant}`; it has: {known}")]
    UnknownAssistant {
        /// Whose.
        tenant: Tenant,
        /// Which.
        assistant: AssistantName,
        /// Those there are.
        known: String,
    },
    /// The record doesn't say which of several assistants it was.
    #[error("which assistant took the call? {hint} --assistant, or `assistant` at the endpoint; one of: {known}")]
    WhichAssistant {
        /// What else would tell.
        hint: String,
        /// Those there are.
        known: String,
    },
    /// The tenant has no assistant at all.
    #[error("tenant {0} has no assistant: add [tenants.{0}.assistants.NAME]")]
    NoAssistant(Tenant),
}

/// What is accepted: the conversation, and the footing of its run.
pub(crate) fn accept(app: &App, call: Call<'_>) -> Result<Accept, Error> {
    let Parsed { mut conversation, assistant: recorded, tenant: recorded_tenant } = call.parsed;
    let tenant = tenant(app, call.tenant, recorded_tenant.as_deref())?;
    let assistant = assistant(app, &tenant, call.assistant, recorded.as_deref())?;
    let at = app.clock.now();
    let identity = RunIdentity {
        tenant,
        platform: conversation.platform.clone(),
        conversation: conversation.id.clone(),
        revision: call.revision,
    };
    let (kind, seeds) = first(app, assistant, &identity, &mut conversation, at);
    let ending = match &kind {
        Kind::Declined(decline) => Some(Ending::from(decline.clone())),
        _ => None,
    };
    Ok(Accept {
        identity,
        at,
        raw: without_secrets(call.raw).into_owned(),
        conversation,
        first: Event { at, kind },
        ending,
        seeds,
    })
}

/// A call that its platform doesn't give, or gives in a form that can't be read: its run says so, so that somebody sees it.
pub(crate) fn unreadable(app: &App, call: &WaitingCall, raw: Vec<u8>, reason: String) -> Accept {
    let at = app.clock.now();
    let ConversationIdentity { tenant, platform, conversation } = call.of.clone();
    let decline = Decline::CannotContinue { reason };
    Accept {
        identity: RunIdentity { tenant, platform: platform.clone(), conversation: conversation.clone(), revision: 0 },
        at,
        raw,
        conversation: Conversation::new(platform, conversation),
        first: Event { at, kind: Kind::Declined(decline.clone()) },
        ending: Some(decline.into()),
        seeds: Vec::new(),
    }
}

/// When the work begins after a call of that assistant.
///
/// # Errors
/// The tenant has no such assistant, or several.
pub(crate) fn start(
    app: &App,
    tenant: &Tenant,
    said: Option<&AssistantName>,
    recorded: Option<&str>,
) -> Result<Start, Error> {
    Ok(assistant(app, &self::tenant(app, Some(tenant), None)?, said, recorded)?.assistant.start)
}

/// The run's first event, and what the live call did of what its tools do.
fn first(
    app: &App,
    ready: &Ready,
    identity: &RunIdentity,
    conversation: &mut Conversation,
    at: Timestamp,
) -> (Kind, Vec<Seed>) {
    let skipped = |reason: Skip| (Kind::Declined(Decline::Skipped { reason }), Vec::new());
    let cannot = |reason: String| (Kind::Declined(Decline::CannotContinue { reason }), Vec::new());
    if let Err(reason) = ready.assistant.gates.check(conversation) {
        return skipped(reason);
    }
    let model = match model(app, ready, conversation) {
        Ok(model) => model,
        Err(failure) => return cannot(failure.message),
    };
    let repairs = match repair(conversation) {
        Ok(repairs) => repairs,
        Err(Unrepairable::NothingSaid) => return skipped(Skip::NothingSaid),
        Err(why) => return cannot(why.to_string()),
    };
    let is_own = |item: &Item| item.opaque.as_ref().is_some_and(|own| own.dialect == model.dialect);
    let own_bytes = conversation.items.iter().any(is_own);
    let mut left_out = left_out(conversation, model.dialect);
    if let Some(tokens) = app.models.context_tokens(&model) {
        match window::fit(conversation, tokens, has_audio) {
            Ok(too_long) => left_out.extend(too_long),
            Err(too_long) => return cannot(too_long.to_string()),
        }
    }
    let lost_if_rewritten = lost_if_rewritten(conversation, model.dialect);
    let maps = ready.assistant.tools.iter().map(|choice| choice.already.as_slice());
    let mut maps: Vec<(&[Already], &PinnedTool)> = maps.zip(ready.tools.iter().map(|tool| &**tool)).collect();
    let again = again(app, ready, &identity.tenant, &maps, conversation);
    if maps.is_empty() && again.tools.is_empty() {
        let whys: Vec<String> = again.not_offered.iter().map(NotOffered::to_string).collect();
        let whys = if whys.is_empty() { "the record names none".to_owned() } else { whys.join("; ") };
        return cannot(format!("no tool can be offered, of the live call's own: {whys}"));
    }
    maps.extend(again.tools.iter().map(|(tool, map)| (std::slice::from_ref(map), tool)));
    let (seeds, unseeded) = seed::seeds(identity, &maps, conversation, at);
    let made = again.tools.into_iter().map(|(tool, _)| Shared::from(tool));
    let tools = ready.tools.iter().cloned().chain(made).collect();
    let pins = Pins {
        configuration: app.digest.clone(),
        assistant: ready.assistant.name.clone(),
        steps: ready.assistant.steps.clone(),
        model,
        tools,
        budgets: ready.assistant.budgets,
        retries: ready.assistant.retries,
        repairs,
        own_bytes,
        left_out,
        lost_if_rewritten,
        seeded: seeds.iter().map(Seeded::from).collect(),
        unseeded,
        not_offered: again.not_offered,
        rehearsal: app.rehearsal,
        insights: ready.assistant.insights.clone(),
    };
    (Kind::Started(Box::new(pins)), seeds)
}

/// The model that goes on: the call's, unless the assistant wants another one.
fn model(app: &App, ready: &Ready, conversation: &mut Conversation) -> Result<ModelPin, Failure> {
    let wanted = ready.assistant.model.as_deref();
    if wanted.is_some_and(|wanted| conversation.model.name.as_deref() != Some(wanted)) {
        // Another model may refuse them.
        conversation.model.parameters = Json::of(&Map::new());
    }
    let model = app.models.pin(wanted.or(conversation.model.name.as_deref()))?;
    let price = app.prices.get(&model.route).cloned();
    Ok(ModelPin { reasoning: ready.assistant.reasoning, price, ..model })
}

/// Which of the live call's own tools are offered again.
fn again(
    app: &App,
    ready: &Ready,
    tenant: &Tenant,
    others: &[(&[Already], &PinnedTool)],
    call: &Conversation,
) -> Again {
    let (Some(wanted), Some(installed)) = (&ready.assistant.live_tools, &ready.live) else { return Again::default() };
    let grant = &app.config.tenants[tenant].plugins[&wanted.plugin];
    Carrier { plugins: &app.plugins, tenant, installed, grant }.again(wanted, others, call)
}

fn tenant(app: &App, said: Option<&Tenant>, recorded: Option<&str>) -> Result<Tenant, Error> {
    let tenants = &app.config.tenants;
    let known = || tenants.keys().map(Tenant::as_str).collect::<Vec<_>>().join(", ");
    let recorded: Option<Tenant> = recorded.map(str::parse).transpose()?;
    if let (Some(said), Some(recorded)) = (said, &recorded)
        && said != recorded
    {
        return Err(Error::OtherTenant { said: said.clone(), recorded: recorded.clone() });
    }
    let tenant = match (said.cloned().or(recorded), tenants.len()) {
        (Some(named), _) => named,
        (None, 1) => tenants.keys().next().expect("there is one").clone(),
        (None, _) => return Err(Error::WhichTenant { known: known() }),
    };
    if let Some(why) = app.broken.get(tenant.as_str()) {
        return Err(Error::BrokenTenant { tenant, why: why.clone() });
    }
    if tenants.contains_key(&tenant) { Ok(tenant) } else { Err(Error::UnknownTenant { tenant, known: known() }) }
}

fn assistant<'a>(
    app: &'a App,
    tenant: &Tenant,
    said: Option<&AssistantName>,
    recorded: Option<&str>,
) -> Result<&'a Ready, Error> {
    let of_tenant = || app.assistants.iter().filter(|((owner, _), _)| owner == tenant).map(|(_, ready)| ready);
    let known = || of_tenant().map(|ready| ready.assistant.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(said) = said {
        let found = app.assistants.get(&(tenant.clone(), said.clone()));
        let unknown = || Error::UnknownAssistant { tenant: tenant.clone(), assistant: said.clone(), known: known() };
        return found.ok_or_else(unknown);
    }
    let of_tenant: Vec<&Ready> = of_tenant().collect();
    let config = &app.config.tenants[tenant].assistants;
    let answers_to = |ready: &&&Ready, id: &str| {
        let name = &ready.assistant.name;
        name.as_str() == id || config[name].platform_ids.iter().any(|known| known == id)
    };
    if let Some(found) = recorded.and_then(|id| of_tenant.iter().find(|ready| answers_to(ready, id))) {
        return Ok(found);
    }
    let which = |hint: String| Error::WhichAssistant { hint, known: known() };
    match (of_tenant.as_slice(), recorded) {
        ([only], _) => Ok(only),
        ([], _) => Err(Error::NoAssistant(tenant.clone())),
        (_, Some(id)) => Err(which(format!("The record says `{id}`: add that to the `platform_ids` of one, or say"))),
        (_, None) => Err(which("Say".to_owned())),
    }
}
