//! A callback on the day that payment was promised for: a task at the CRM, for the people who call.

use aftercall::{Answer, Context, Day, Failure, Receipt, text_argument};
use schemars::JsonSchema;
use serde::Serialize;

use crate::account::{Account, AccountId, Status};

text_argument! {
    /// A time of the day, as the calendar's tools take it.
    pub(crate) struct ClockTime: check_time, {
        "type": "string",
        "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
    }
}

/// A callback that is to be made.
pub(crate) struct Callback {
    pub(crate) date: Day,
    pub(crate) time: Option<ClockTime>,
    pub(crate) about: String,
}

/// The task that `schedule_promise_callback` made.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Scheduled {
    task_id: String,
}

fn check_time(text: &str) -> Result<(), String> {
    let number = |part: Option<&str>| part.filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok();
    let (hour, minute): (Option<u8>, Option<u8>) = (number(text.get(..2)), number(text.get(3..)));
    let has_form = text.len() == 5 && text.as_bytes()[2] == b':';
    if has_form && hour.is_some_and(|hour| hour < 24) && minute.is_some_and(|minute| minute < 60) {
        Ok(())
    } else {
        Err(format!("{text:?} is no time of the day: write it in 24 hours, such as 14:30"))
    }
}

/// The answer about a callback that is scheduled.
pub(crate) fn scheduled(account_id: &AccountId, date: Day, task_id: &str, receipt: Receipt) -> Answer<Scheduled> {
    let text = format!("a callback on account {account_id} is due on {date}, task_id {task_id}");
    Answer::new(text, Scheduled { task_id: task_id.to_owned() }).with_receipt(receipt)
}

impl Callback {
    /// Checks that payment is promised for its day, and not disputed or refused since: people aren't called about a debt on a
    /// day that they didn't name. A rehearsal leaves no promise. The failure doesn't say what was promised, as whose account
    /// it is, isn't known here.
    pub(crate) fn check_promised(&self, account: &Account, cx: &Context) -> Result<(), Failure> {
        let is_promise = account.status.as_deref() == Some(Status::PromiseToPay.as_str());
        if cx.dry_run() || is_promise && account.is_promised_for(self.date) {
            return Ok(());
        }
        Err(Failure::invalid_arguments(format!(
            "the account has no promise for `date` {}: give the day that find_account tells as its promised_date, or \
             record the promise first",
            self.date
        )))
    }

    /// In one line. The time is what was said, and the day's own people know whose clock is meant.
    pub(crate) fn subject(&self) -> String {
        let date = self.date;
        match &self.time {
            Some(time) => format!("Call back about the payment promised for {date}, at {time}"),
            None => format!("Call back about the payment promised for {date}"),
        }
    }
}
