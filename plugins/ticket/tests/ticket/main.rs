//! The plugin against fakes of Zendesk and Jira: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod fixture;

mod tools;
mod whose;

mod zendesk;
mod zendesk_requester;
mod zendesk_search;
mod zendesk_tickets;

mod jira;
mod jira_tickets;
