//! Accounts in the EU: all that is asked for of them goes to SendGrid's host there.

use aftercall::testing::Reply;
use aftercall_plugin_email::tools::Plugin;
use serde_json::json;

use super::followups::{arguments, cancelled, entry};
use super::{NOW, accepted, groups, not_in_global_list, with};

const ORIGIN: &str = "https://api.eu.sendgrid.com/v3";

#[test]
fn a_follow_up_is_started_there() {
    let fake = with(json!({ "region": "eu" })).grants_state();
    let fake = fake.expect(&format!("GET {ORIGIN}/asm/suppressions/global/ann%40example.com"), not_in_global_list());
    let fake = fake.expect(&format!("GET {ORIGIN}/asm/suppressions/ann%40example.com"), groups(false));
    let fake = fake.expect(&format!("POST {ORIGIN}/mail/batch"), Reply::json(201, json!({ "batch_id": "B-1" })));
    let fake = fake.expect(&format!("POST {ORIGIN}/mail/send"), accepted("M-1"));
    let fake = fake.expect(&format!("POST {ORIGIN}/mail/send"), accepted("M-2"));
    fake.call::<Plugin>("start_followup", arguments()).unwrap();
}

#[test]
fn and_it_is_stopped_there() {
    let over = json!({ "version": 1, "last_at_ms": NOW - 2 * super::HOUR_MS }).to_string();
    let fake = with(json!({ "region": "eu" })).keeps("followup/ann@example.com", entry("scheduled", &json!({})));
    let fake = fake.keeps("cancelled/B-0", over);
    let added = Reply::json(201, json!({ "recipient_emails": ["ann@example.com"] }));
    let fake = fake.expect(&format!("POST {ORIGIN}/asm/groups/1041/suppressions"), added);
    let full = Reply::json(400, super::errors(&[(None, "max limit reached")]));
    let fake = fake.expect(&format!("POST {ORIGIN}/user/scheduled_sends"), full);
    let fake = fake.expect(&format!("GET {ORIGIN}/user/scheduled_sends/B-1"), Reply::json(200, json!([])));
    let fake = fake.expect(&format!("DELETE {ORIGIN}/user/scheduled_sends/B-0"), Reply::text(204, ""));
    let fake = fake.expect(&format!("POST {ORIGIN}/user/scheduled_sends"), cancelled());
    fake.call::<Plugin>("stop_emails", json!({ "email": "ann@example.com", "reason": "unsubscribed" })).unwrap();
}
