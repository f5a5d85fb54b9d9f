//! Pages over PagerDuty's Events API v2, or over the alerts of Jira Service Management.
//!
//! The effect's key is the alert's name at the vendor, PagerDuty's `dedup_key` or Jira's `alias`: either adds a repeated
//! page to the alert that is open under it, and wakes nobody again. It is also the reference by which an alert is
//! acknowledged and resolved; to do that twice changes nothing, and is no error. In doubt, Jira's alert is looked at;
//! PagerDuty shows none.
//!
//! Which effect a page is, its service says: a caller who tells of one problem twice, or in other words, wakes nobody
//! twice, and two problems on two services are two pages. A summary would be a bad identity, since a model words it anew
//! each time.

mod arguments;
mod jira;
mod pager;
mod pagerduty;
mod report;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Context, Failure, Finding, Outcome, PhoneNumber, Text};

    use crate::arguments::AlertRef;
    use crate::pager::Pager;
    use crate::report::{Change, Report, Severity};

    /// Pages whoever is on call, at any hour. Use it for a problem that can't wait for working hours: something is down or
    /// broken for customers now. One page for each service in a conversation, so put all of it in one. Answers with the
    /// alert's reference, for acknowledge_page and resolve_page.
    #[tool(effect = idempotent, identity = [service], reconcile = find_page, title = "Page whoever is on call")]
    async fn page_oncall(
        /// What is affected, as a short name in small letters with hyphens: `checkout`, `route-planner`. Two problems on
        /// one service are one page.
        #[schemars(regex(pattern = r"^[a-z0-9-]{1,64}$"))]
        service: String,
        /// What is wrong, and for whom, in one line that is read on a telephone at night: the first 130 characters tell
        /// the most.
        #[schemars(length(max = 1024))]
        summary: Text,
        /// `critical`: down, or losing data. `error`: broken, with a way around. `warning`: may break soon. `info`: to be
        /// known.
        severity: Severity,
        /// What the caller said: since when, what they saw, what they tried, what it costs them.
        #[schemars(length(max = 10000))]
        details: Option<Text>,
        /// The ticket of this problem, if one was opened.
        #[schemars(length(max = 2000), regex(pattern = r"^https://\S+$"))]
        ticket_url: Option<String>,
        /// The number at which the caller can be called back, in E.164, such as +14155550123.
        caller_phone: Option<PhoneNumber>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let report = Report { service, summary, severity, details, ticket_url, caller_phone };
        Pager::of(cx)?.page(&report, cx).await
    }

    async fn find_page(cx: &Context) -> Result<Finding, Failure> {
        Pager::of(cx)?.find_page(cx).await
    }

    /// Says that somebody is at work on the problem of a page: from then on the alert wakes nobody else. Use it only where
    /// the person who works on it said so on this call; a caller's wish or a page that was just sent is no reason.
    #[tool(effect = idempotent, identity = [alert], reconcile = find_acknowledged, title = "Acknowledge a page")]
    async fn acknowledge_page(
        /// The alert's reference, from page_oncall.
        alert: AlertRef,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        Pager::of(cx)?.change(Change::Acknowledge, &alert, cx).await
    }

    async fn find_acknowledged(alert: AlertRef, cx: &Context) -> Result<Finding, Failure> {
        Pager::of(cx)?.find_change(Change::Acknowledge, &alert, cx).await
    }

    /// Closes the alert of a page, because its problem is over: nobody is woken for it any more. Use it only where the
    /// caller said that it works again, or that it was a false alarm. It can't be taken back.
    #[tool(effect = idempotent, identity = [alert], reconcile = find_resolved, title = "Resolve a page")]
    async fn resolve_page(
        /// The alert's reference, from page_oncall.
        alert: AlertRef,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        Pager::of(cx)?.change(Change::Resolve, &alert, cx).await
    }

    async fn find_resolved(alert: AlertRef, cx: &Context) -> Result<Finding, Failure> {
        Pager::of(cx)?.find_change(Change::Resolve, &alert, cx).await
    }
}
