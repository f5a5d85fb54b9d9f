//! Collections on HubSpot's records, over its CRM API: an account is a contact with the tenant's own properties, a
//! payment arrangement is a deal on it.
//!
//! Setting a status is idempotent by nature. An arrangement is two writes, and either may be repeated: the deal is
//! upserted by a property with unique values that holds the effect's key, and its association with the contact is one
//! however often it is made. What is in doubt after that is read: the contact's properties, and the deal with our key, which
//! has to be on the contact. The plugin takes no payment, and has no place for a card number.

mod account;
mod arrangement;
mod hubspot;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{
        Amount, Answer, Context, Currency, Day, Email, Failure, Finding, Outcome, PhoneNumber, Response, path_segment,
    };
    use serde_json::json;

    use crate::account::{self, AccountId, Found, Status};
    use crate::arrangement::{self, Arrangement, Logged, Method};
    use crate::hubspot::{self, Object, Page, Settings, Upserted};

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
        let settings: Settings = cx.settings()?;
        let search = account::search(&settings, phone.as_ref(), email.as_ref());
        let url = hubspot::url("contacts/search");
        let page: Page = cx.post(url).reads_only().json(&search).send().await?.ok()?.json()?;
        let found = Found::new(&settings, &page.results);
        Ok(Answer::new(found.words(), found))
    }

    /// Sets the status of an account to what came of this call. One status for each account in a conversation, so
    /// decide on it once.
    #[tool(effect = idempotent, identity = [account_id], reconcile = find_status, title = "Update an account's status")]
    async fn update_account_status(
        /// The account's id, from find_account.
        account_id: AccountId,
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
        let settings: Settings = cx.settings()?;
        let promised = account::promised(status, promised_date)?;
        let change = json!({ "properties": account::change(&settings, status, promised, reason.as_deref()) });
        let answer = cx.patch(account_id.url()).json(&change).send().await?;
        let account: Object = hubspot::taken(answer)?.json()?;
        Ok(account::has_status(&settings, &account_id, &account.id, status, promised))
    }

    async fn find_status(
        account_id: AccountId,
        status: Status,
        promised_date: Option<Day>,
        reason: Option<String>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let settings: Settings = cx.settings()?;
        let promised = account::promised(status, promised_date)?;
        let change = account::change(&settings, status, promised, reason.as_deref());
        let names = change.keys().copied().collect::<Vec<_>>().join(",");
        let read = cx.get(account_id.url()).query(&[("properties", names)]);
        match hubspot::read(read).await? {
            Some(account) if account.has(&change) => {
                Finding::happened(account::has_status(&settings, &account_id, &account.id, status, promised))
            }
            _ => Ok(Finding::absent(cx, hubspot::LAG_MS, hubspot::LOOK_AGAIN_MS)),
        }
    }

    /// Logs the payment arrangement that the caller agreed to on an account: how much, from when, in how many
    /// instalments. It takes no payment. One arrangement for each account in a conversation.
    #[tool(effect = idempotent, identity = [account_id], reconcile = find_arrangement, title = "Log a payment arrangement")]
    async fn log_payment_arrangement(
        /// The account's id, from find_account.
        account_id: AccountId,
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
        let settings: Settings = cx.settings()?;
        let money = arrangement::money(amount, currency)?;
        // Looked at first, so that no deal is made for an account that isn't there.
        let read = cx.get(account_id.url()).query(&[("properties", "firstname,lastname")]);
        let account = hubspot::read(read)
            .await?
            .ok_or_else(|| Failure::not_found(format!("no account has the id {account_id}; find_account tells ids")))?;
        let name = account.name();
        let arrangement = Arrangement { money, first: first_payment_date, instalments, method, note };
        let deal = arrangement.deal(&settings, name.as_deref().unwrap_or(account_id.as_str()));
        let upsert = arrangement::upsert(&settings.key_property, cx.key(), &deal);
        let answer = cx.post(hubspot::url(arrangement::UPSERT)).json(&upsert).send().await?;
        let deal = hubspot::taken(answer)?.json::<Upserted>()?.only()?;
        let associated = cx.put(arrangement::association_url(&deal.id, &account_id)).send().await;
        associated.and_then(Response::ok).map_err(|failure| {
            failure.after_write(format_args!("deal {} is made, but may not be on the account yet", deal.id))
        })?;
        Ok(arrangement::logged(&settings, &account_id, &arrangement.money, deal.id))
    }

    async fn find_arrangement(
        account_id: AccountId,
        amount: Amount,
        currency: Currency,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let settings: Settings = cx.settings()?;
        let money = arrangement::money(amount, currency)?;
        let url = hubspot::url(&format!("{}/{}", hubspot::DEAL, path_segment(cx.key())));
        let read = cx.get(url).query(&[("idProperty", settings.key_property.as_str()), ("associations", "contacts")]);
        match hubspot::read(read).await? {
            Some(deal) if deal.is_of(account_id.as_str()) => {
                Finding::happened(arrangement::logged(&settings, &account_id, &money, deal.id))
            }
            _ => Ok(Finding::absent(cx, hubspot::LAG_MS, hubspot::LOOK_AGAIN_MS)),
        }
    }
}
