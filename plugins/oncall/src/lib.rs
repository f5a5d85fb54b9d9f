//! Pages over PagerDuty's Events API v2.
//!
//! The effect's key is the event's `dedup_key`: PagerDuty adds a repeated trigger to the alert that is open under it, and
//! pages nobody again. Which effect a page is, its service says: a caller who tells of one problem twice, or in other
//! words, wakes nobody twice, and two problems on two services are two pages. A summary would be a bad identity,
//! since a model words it anew each time.

mod pagerduty;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Context, Failure, Outcome, PhoneNumber};

    use crate::pagerduty::{self, Report, Settings, Severity, Taken};

    /// Pages whoever is on call, at any hour. Use it for a problem that can't wait for working hours: something is down or
    /// broken for customers now. One page for each service in a conversation, so put all of it in one.
    #[tool(effect = idempotent, identity = [service], title = "Page whoever is on call")]
    async fn page_oncall(
        /// What is affected, as a short name in small letters with hyphens: `checkout`, `route-planner`. Two problems on
        /// one service are one page.
        #[schemars(regex(pattern = r"^[a-z0-9-]{1,64}$"))]
        service: String,
        /// What is wrong, and for whom, in one line that is read on a telephone at night.
        #[schemars(length(min = 1, max = 1024))]
        summary: String,
        /// `critical`: down, or losing data. `error`: broken, with a way around. `warning`: may break soon. `info`: to be
        /// known.
        severity: Severity,
        /// What the caller said: since when, what they saw, what they tried, what it costs them.
        #[schemars(length(min = 1, max = 10000))]
        details: Option<String>,
        /// The ticket of this problem, if one was opened.
        #[schemars(length(max = 2000), regex(pattern = r"^https://\S+$"))]
        ticket_url: Option<String>,
        /// The number at which the caller can be called back.
        caller_phone: Option<PhoneNumber>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let settings: Settings = cx.settings()?;
        settings.check_service(&service)?;
        let report = Report { service, summary, severity, details, ticket_url, caller_phone };
        let event = pagerduty::trigger(&settings, &report, cx.key());
        let answer = cx.post(pagerduty::ENQUEUE_URL).json(&event).send().await?;
        let taken: Taken = answer.ok().map_err(pagerduty::blame)?.json()?;
        Ok(settings.paged(taken, cx.key()))
    }
}
