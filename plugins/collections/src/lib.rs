//! Collections on the records of HubSpot or Salesforce, whichever the tenant's settings name: an account's status, promises to
//! pay, payment arrangements, and callbacks on the day that was promised.
//!
//! What is written is idempotent by nature or by the effect's key, but for a task of HubSpot, which carries the key in its text.
//! What is in doubt is read: the account's fields, or the record with our key. Whose an account is, the tenant says by binding
//! `phone`: an account without that number is as one that isn't there, and no refusal tells how much is owed or promised on
//! one. The plugin takes no payment, and has no place for a card number.

mod account;
mod arrangement;
mod callback;
mod decimal;
mod names;
mod settings;

mod crm;
mod hubspot;
mod salesforce;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{
        Amount, Answer, Context, Currency, Day, Email, Failure, Finding, Money, Outcome, PhoneNumber, Receipt, Trace,
    };

    use crate::account::{self, AccountId, Change, Found, PromisedAmount, Status};
    use crate::arrangement::{self, Arrangement, Logged, Method};
    use crate::callback::{self, Callback, ClockTime, Scheduled};
    use crate::crm::{Crm, Kind};
    use crate::settings::Terms;

    /// Finds accounts in collection by telephone number, email address or both, and then both must fit: with balance,
    /// status and the day that payment was promised for. Where several accounts are found, take the one whose name was said.
    #[tool(effect = read, title = "Find an account")]
    async fn find_account(
        phone: Option<PhoneNumber>,
        email: Option<Email>,
        cx: &Context,
    ) -> Result<Answer<Found>, Failure> {
        if email.is_none() && phone.is_none() {
            return Err(Failure::invalid_arguments("give a telephone number, an email address or both"));
        }
        let accounts = Crm::chosen(cx)?.find(phone.as_ref(), email.as_ref(), cx).await?;
        let found = Found::new(&cx.settings()?, accounts);
        Ok(Answer::new(found.words(), found))
    }

    /// Sets the status of an account to what came of this call. One status for each account in a conversation, so
    /// decide on it once. Where an amount was promised, use record_promise_to_pay in its place, if you have it.
    #[tool(effect = idempotent, identity = [account_id], reconcile = find_status, title = "Update an account's status")]
    async fn update_account_status(
        /// The account's id, from find_account.
        account_id: AccountId,
        /// The caller's number in E.164, such as +14155550123, as find_account got it: the account has to have it.
        phone: Option<PhoneNumber>,
        /// `promise_to_pay`: a day was promised. `disputed`: the debt or its amount is contested. `hardship`: can't pay
        /// at present. `refused`: won't pay. `paid`: says that it is paid. `wrong_person`: it isn't this person's debt.
        status: Status,
        /// The day that payment was promised for, such as 2026-12-01. Needed with promise_to_pay, else left out.
        promised_date: Option<Day>,
        /// Why, as the caller put it. Never a card number or a bank account.
        #[schemars(length(max = 1000))]
        reason: Option<String>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let (crm, terms): (Crm, Terms) = (Crm::chosen(cx)?, cx.settings()?);
        let mut change = account::change(status, promised_date, reason)?;
        if let Some(day) = promised_date {
            terms.check_ahead("promised_date", day, cx)?;
        }
        // Looked at first: HubSpot would write on the contact that this one was merged into.
        let account = crm.account(&account_id, phone.as_ref(), cx).await?;
        // Without a currency no amount is promised here.
        if let Some(day) = promised_date.filter(|_| terms.currency().is_some()) {
            change.clear_other_promise(&account, day);
        }
        let id = crm.change(&account_id, &change, cx).await?;
        Ok(change.answer(&account_id, crm.receipt(Kind::Account, &id, &account_id, cx)))
    }

    async fn find_status(
        account_id: AccountId,
        status: Status,
        promised_date: Option<Day>,
        reason: Option<String>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let crm = Crm::chosen(cx)?;
        let change = account::change(status, promised_date, reason)?;
        let trace = crm.has(&account_id, &change, cx).await?;
        crm.settled(trace, cx, |id| change.answer(&account_id, crm.receipt(Kind::Account, id, &account_id, cx)))
    }

    /// Records that the caller promised to pay an amount by a day, and sets the account's status to that. Only what was
    /// said: a wish to pay some time is no promise. One promise for each account in a conversation; several payments are
    /// a payment arrangement.
    #[tool(effect = idempotent, identity = [account_id], reconcile = find_promise, title = "Record a promise to pay")]
    async fn record_promise_to_pay(
        /// The account's id, from find_account.
        account_id: AccountId,
        /// The caller's number in E.164, such as +14155550123, as find_account got it: the account has to have it.
        phone: Option<PhoneNumber>,
        /// How much was promised, with as many digits after the point as the currency has, such as 150.00 in GBP.
        amount: Amount,
        /// The currency of the amount and of the account.
        #[choices(Terms::currencies)]
        currency: Currency,
        /// The day by which it will be paid, such as 2026-12-01. Work it out from the day of the call.
        date: Day,
        /// What else was said about it, in a sentence or two. Never a card number or a bank account.
        #[schemars(length(max = 1000))]
        note: Option<String>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let (crm, terms): (Crm, Terms) = (Crm::chosen(cx)?, cx.settings()?);
        let money = Money::of(amount, currency)?;
        terms.check_money(&money)?;
        terms.check_ahead("date", date, cx)?;
        let account = crm.account(&account_id, phone.as_ref(), cx).await?;
        let change = promise(&money, date, note);
        // What an earlier attempt has recorded isn't judged again: some of it may have been paid since.
        if cx.doubted()
            && let Trace::AsAsked(id) = crm.has(&account_id, &change, cx).await?
        {
            return Ok(promised(&account_id, &money, date, crm.receipt(Kind::Account, &id, &account_id, cx)));
        }
        terms.check_promised(&money, &account)?;
        let id = crm.change(&account_id, &change, cx).await?;
        Ok(promised(&account_id, &money, date, crm.receipt(Kind::Account, &id, &account_id, cx)))
    }

    async fn find_promise(
        account_id: AccountId,
        amount: Amount,
        currency: Currency,
        date: Day,
        note: Option<String>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let crm = Crm::chosen(cx)?;
        let money = Money::of(amount, currency)?;
        let trace = crm.has(&account_id, &promise(&money, date, note), cx).await?;
        crm.settled(trace, cx, |id| {
            promised(&account_id, &money, date, crm.receipt(Kind::Account, id, &account_id, cx))
        })
    }

    fn promise(money: &Money, date: Day, note: Option<String>) -> Change {
        let promised_amount = PromisedAmount::Set(money.amount().clone());
        Change { status: Status::PromiseToPay, promised_date: Some(date), promised_amount, reason: account::said(note) }
    }

    fn promised(account_id: &AccountId, money: &Money, date: Day, receipt: Receipt) -> Outcome {
        Outcome::new(format!("the promise to pay {money} by {date} is recorded on account {account_id}"))
            .with_receipt(receipt)
    }

    /// Logs the payment arrangement that the caller agreed to on an account: how much, from when, in how many
    /// instalments. It takes no payment. One arrangement for each account in a conversation.
    #[tool(effect = idempotent, identity = [account_id], reconcile = find_arrangement, title = "Log a payment arrangement")]
    async fn log_payment_arrangement(
        /// The account's id, from find_account.
        account_id: AccountId,
        /// The caller's number in E.164, such as +14155550123, as find_account got it: the account has to have it.
        phone: Option<PhoneNumber>,
        /// What will be paid in all, over every instalment, with as many digits after the point as the currency has, such as
        /// 150.00 in GBP.
        amount: Amount,
        /// The currency by its ISO 4217 code, such as GBP.
        currency: Currency,
        /// The day of the first payment, such as 2026-12-01.
        first_payment_date: Day,
        /// In how many payments it is paid. Leave it out where that wasn't said.
        #[schemars(range(min = 1, max = 60))]
        instalments: Option<u32>,
        /// How it is paid.
        method: Option<Method>,
        /// What else was agreed, in a sentence or two. Never a card number or a bank account.
        #[schemars(length(max = 2000))]
        note: Option<String>,
        cx: &Context,
    ) -> Result<Answer<Logged>, Failure> {
        let (crm, terms): (Crm, Terms) = (Crm::chosen(cx)?, cx.settings()?);
        let money = Money::of(amount, currency)?;
        terms.check_money(&money)?;
        terms.check_not_past("first_payment_date", first_payment_date, cx)?;
        // Looked at first, so that nothing is made for an account that isn't there.
        let account = crm.account(&account_id, phone.as_ref(), cx).await?;
        if let Err(refused) = terms.check_arranged(&money, &account) {
            // What an earlier attempt has logged isn't judged again: some of it may have been paid since.
            let is_logged = cx.doubted() && crm.arranged(&account_id, &money, cx).await?.is_there();
            if !is_logged {
                return Err(refused);
            }
        }
        let note = account::said(note);
        let arrangement = Arrangement { money, first: first_payment_date, instalments, method, note };
        let id = crm.arrange(&account_id, account.name.as_deref(), &arrangement, cx).await?;
        let receipt = crm.receipt(Kind::Arrangement, &id, &account_id, cx);
        Ok(arrangement::logged(&account_id, &arrangement.money, &id, receipt))
    }

    async fn find_arrangement(
        account_id: AccountId,
        amount: Amount,
        currency: Currency,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let crm = Crm::chosen(cx)?;
        let money = Money::of(amount, currency)?;
        let trace = crm.arranged(&account_id, &money, cx).await?;
        crm.settled(trace, cx, |id| {
            arrangement::logged(&account_id, &money, id, crm.receipt(Kind::Arrangement, id, &account_id, cx))
        })
    }

    /// Schedules a callback on an account for the day that payment was promised for, as a task in the CRM: to see
    /// whether it was paid. Record the promise first. One callback for each account in a conversation.
    #[tool(
        effect = once,
        identity = [account_id],
        reconcile = find_promise_callback,
        title = "Schedule a callback on a promise"
    )]
    async fn schedule_promise_callback(
        /// The account's id, from find_account.
        account_id: AccountId,
        /// The caller's number in E.164, such as +14155550123, as find_account got it: the account has to have it.
        phone: Option<PhoneNumber>,
        /// The day that payment was promised for, such as 2026-12-01.
        date: Day,
        /// When the caller wants the call, in 24 hours, such as 14:30. Leave it out where that wasn't said.
        time: Option<ClockTime>,
        /// What was promised, in a sentence or two, for the person who calls. Never a card number or a bank account.
        #[schemars(length(min = 1, max = 1000))]
        about: String,
        cx: &Context,
    ) -> Result<Answer<Scheduled>, Failure> {
        let (crm, terms): (Crm, Terms) = (Crm::chosen(cx)?, cx.settings()?);
        terms.check_not_past("date", date, cx)?;
        let account = crm.account(&account_id, phone.as_ref(), cx).await?;
        let callback = Callback { date, time, about };
        callback.check_promised(&account, cx)?;
        let id = crm.call_back(&account_id, &callback, cx).await?;
        Ok(callback::scheduled(&account_id, date, &id, crm.receipt(Kind::Task, &id, &account_id, cx)))
    }

    async fn find_promise_callback(account_id: AccountId, date: Day, cx: &Context) -> Result<Finding, Failure> {
        let crm = Crm::chosen(cx)?;
        let trace = crm.callback_made(cx).await?;
        crm.settled(trace, cx, |id| {
            callback::scheduled(&account_id, date, id, crm.receipt(Kind::Task, id, &account_id, cx))
        })
    }
}
