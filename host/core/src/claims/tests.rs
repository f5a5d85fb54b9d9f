//! Sentences of accounts, and what they claim.

use super::*;

/// A tool whose call has succeeded ends with "!".
fn check(tools: &str, account: &str, expected: &str) {
    let tools: Vec<_> = tools
        .split_whitespace()
        .map(|name| Tool { name: name.trim_end_matches('!'), done: name.ends_with('!') })
        .collect();
    let found = unfounded(account, &tools).join(" ");
    assert_eq!(found, expected, "{:?}", account.chars().take(200).collect::<String>());
}

const NONE_DONE: &str =
    "send_sms send_email book_appointment create_ticket upsert_contact log_call_summary page_oncall schedule_callback";

/// Accounts, and the tools whose action they claim where none is done.
const CLAIMED: &[(&str, &str)] = &[
    // Plainly.
    ("I sent Dana a text with the address.", "send_sms"),
    ("I've texted Dana the address.", "send_sms"),
    ("We have now e-mailed her the quote.", "send_email"),
    ("The address was sent to Dana by text.", "send_sms"),
    ("Dana has been sent an SMS.", "send_sms"),
    ("I’ve successfully updated her contact record.", "upsert_contact"),
    ("Dana has been added to the CRM.", "upsert_contact"),
    ("I booked Dana in for an appointment on Thursday at 10:20 am.", "book_appointment"),
    ("Her appointment with Dr. Osei on Thursday, December 3, at 10:20 am is booked.", "book_appointment"),
    ("A ticket (#4821) has been opened for the outage.", "create_ticket"),
    ("A high-priority support case was raised.", "create_ticket"),
    ("The call is summarised on her contact.", "log_call_summary"),
    ("A summary of the call was logged in the CRM.", "log_call_summary"),
    ("I paged the on-call engineer.", "page_oncall"),
    ("The engineer on call is paged with the ticket and his number.", "page_oncall"),
    ("I set up a call back for Friday at four.", "schedule_callback"),
    ("A follow-up call has been scheduled for Friday.", "schedule_callback"),
    ("I can confirm that the text was sent.", "send_sms"),
    ("Everything is done. Thanks! Also sent a message to the caller.", "send_sms"),
    // Several in one sentence.
    ("I've updated the CRM and sent Dana a text with the address.", "send_sms upsert_contact"),
    ("I sent Dana a text and an email.", "send_sms send_email"),
    ("I sent Dana a text, an email, and opened a ticket.", "send_sms send_email create_ticket"),
    ("The text, the email and the ticket were all created.", "create_ticket"),
    ("The text and email were sent; the ticket is created.", "send_sms send_email create_ticket"),
    ("She could not be transferred, so I scheduled a callback.", "schedule_callback"),
    ("The email could not be sent, but I texted her.", "send_sms"),
    ("I sent the text, but the email failed.", "send_sms"),
    ("Dana asked for a text, and I sent the text.", "send_sms"),
    ("The text she asked for was sent.", "send_sms"),
    ("I created a ticket for the problem that she described during the call.", "create_ticket"),
    ("I sent a text that she should have by now.", "send_sms"),
    // Lists and headings.
    ("✅ SMS sent", "send_sms"),
    ("- Ticket created: #12\n- SMS to Dana sent", "send_sms create_ticket"),
    ("**SMS:** sent\n**Contact record** – updated", "send_sms upsert_contact"),
    ("Actions taken: booked appointment; sent confirmation by email", "send_email book_appointment"),
    ("1. Booked the appointment.\n2. Sent Dana a text.", "send_sms book_appointment"),
    ("| Text message | sent |", "send_sms"),
    ("SMS not sent, ticket created", "create_ticket"),
    ("Summary: created a ticket", "create_ticket"),
    ("Note: a ticket has been created.", "create_ticket"),
    ("SMS: sent to the lead's number", "send_sms"),
    ("Booking: failed. SMS: not sent. Ticket: created.", "create_ticket"),
    (
        "Summary:\n\n* Updated the contact\n* Sent an SMS with the date\n* Could not book the appointment",
        "send_sms upsert_contact",
    ),
    (
        "Done! I've gone ahead and booked her appointment, logged the call summary and sent a confirmation text.",
        "send_sms book_appointment log_call_summary",
    ),
    ("Dana's appointment has been booked, her contact updated, and a text sent.", "book_appointment"),
    ("The ticket was created and the on-call engineer was alerted.", "create_ticket page_oncall"),
    ("I have created a ticket for the failed payment.", "create_ticket"),
    ("As she wanted, a callback was scheduled for tomorrow.", "schedule_callback"),
    ("I was able to reach the calendar and booked the slot.", "book_appointment"),
    ("A confirmation email has been sent to dana@example.com.", "send_email"),
    ("I have scheduled your callback and you're booked in for your appointment.", "book_appointment schedule_callback"),
    ("Text message successfully sent.", "send_sms"),
    ("The customer was notified via SMS, and the SMS was sent at 10:20.", "send_sms"),
    ("There's no email on file, and with no email I sent a text.", ""),
    ("With no slot free, I booked nothing and sent Dana a text.", ""),
    ("With no slot free, I sent Dana a text.", "send_sms"),
    ("I updated the CRM, but the appointment was not booked because no slot was free.", "upsert_contact"),
    // By the tool's name.
    ("I called `send_sms` to give her the address.", "send_sms"),
    ("`create_ticket` succeeded.", "create_ticket"),
    ("send_email: done", "send_email"),
];

#[test]
fn what_is_said_as_done_is_claimed() {
    for (account, expected) in CLAIMED {
        check(NONE_DONE, account, expected);
    }
}

/// Accounts that claim nothing, though they name what was to be done.
const NOT_CLAIMED: &[&str] = &[
    // Told honestly.
    "The text could not be sent: the grant does not allow it.",
    "I couldn't get the text sent or the ticket created.",
    "The SMS wasn’t sent.",
    "I was unable to send the text, update the contact or create a ticket.",
    "I failed to get the email sent.",
    "No text was sent, and no ticket was created.",
    "No SMS, email or ticket was created.",
    "Neither the text nor the email was sent.",
    "I have not sent a text or booked an appointment.",
    "I sent no text.",
    "Nobody was paged.",
    "I tried to send the text, but the email and the ticket failed.",
    "I called `send_sms`, but it returned an error.",
    "The email was sent, but it bounced.",
    "❌ SMS sent",
    "Not done: SMS sent",
    "The payment was noted by Dana's bank, which sent an email.",
    "I saw that she was sent an email last month.",
    "I checked her record; the ticket from last week was updated by the team, she says.",
    "I found the contact she created and the appointment that her doctor made.",
    "Next steps: the ticket needs to be created and the engineer paged.",
    "I would have sent a text, but there is no number.",
    "The contact record shows an appointment booked on May 3.",
    "Sending the text was not allowed.",
    "I left the email unsent and the ticket open.",
    "Dana was told the email had been sent.",
    "I don't think the email was sent.",
    "It is not clear whether a ticket was created.",
    "Instead of a text being sent, sales will call her.",
    "The scheduled callback stays on Friday.",
    "The email address on file was updated by Dana herself.",
    "The promised text has to wait until the number is known.",
    "Created nothing, sent nothing: the caller hung up before she gave a number.",
    "- [ ] Send the SMS\n- [ ] Create the ticket",
    // Still to come, or in doubt.
    "The text will be sent tomorrow.",
    "I'll get the text sent.",
    "A ticket should be created.",
    "The contact needs to be updated.",
    "If the text was sent, she has the address.",
    "Once the ticket is created, the team will see it.",
    "The email may have been sent.",
    "The appointment still has to be booked.",
    "Please make sure the ticket is created.",
    "Was the text sent?",
    "A callback is pending and to be scheduled.",
    // The caller's.
    "The caller booked an appointment and sent us an email last week.",
    "Dana sent an email.",
    "She asked to have the appointment booked for Friday.",
    "She wanted the callback scheduled for Friday.",
    "The caller said that the ticket was created on Monday.",
    "Dana said the email was sent.",
    "The caller, Dana, booked an appointment.",
    "The appointment was booked by the caller.",
    "The appointment Dana booked stays as it is.",
    "She said \"I sent the email and opened a ticket\" and hung up.",
    "Her words were “the ticket was created”.",
    "The invoice email that was sent on Monday had the wrong total.",
    "She received a text which was sent by mistake.",
    "I noted that the caller booked an appointment and sent an email.",
    "Dana complained that her appointment was booked twice.",
    "A request was made to book an appointment.",
    "He was frustrated that the ticket he opened last week was closed.",
    // The live call's, or older.
    "The appointment was already booked on the call.",
    "The appointment was booked during the call.",
    "During the call, the appointment was booked.",
    "I booked the appointment (during the call).",
    "The ticket was previously opened.",
    "Her appointment booked for Thursday, December 3, at 10:20 am is unchanged.",
    // Put right.
    "I previously stated that the SMS was sent, but it was not.",
    "I did not send the SMS; my earlier statement that it was sent was wrong.",
    // About something else.
    "Dana wants a text and an email.",
    "The address is on its way.",
    "Nothing was needed.",
    "All of it is done.",
    "The text of the contract is fine.",
    "The updated contact record has her email address.",
    "Dana Whitfield called about an appointment and a ticket.",
    // Not English.
    "Ich habe Dana eine SMS geschickt und ein Ticket erstellt.",
    "He enviado un mensaje de texto.",
    "",
    "\u{feff}\0 … --- ``` ' \" “",
];

#[test]
fn what_is_denied_open_or_somebody_elses_is_not() {
    for account in NOT_CLAIMED {
        check(NONE_DONE, account, "");
    }
}

#[test]
fn what_a_done_tool_accounts_for_is_no_claim_of_another() {
    for (tools, account, expected) in [
        ("send_sms!", "I sent Dana a text.", ""),
        ("send_sms! send_email", "I sent a message.", ""),
        ("send_sms! send_email", "I sent Dana a text with her email on file.", ""),
        ("send_sms! send_email", "I sent a text to the email address.", ""),
        ("send_sms! send_email", "I sent Dana a text and an email.", "send_email"),
        ("send_sms! send_email", "I sent a text to Dana and an email to Lee.", "send_email"),
        ("send_sms send_email!", "I sent a message.", ""),
        ("send_sms send_email!", "I sent a text message.", "send_sms"),
        ("send_sms! send_slack_message", "I sent Dana a text and posted a message in Slack.", "send_slack_message"),
        ("send_sms! send_slack_message", "I sent Dana a message.", ""),
        ("upsert_contact! create_lead", "I've updated the contact record.", ""),
        ("upsert_contact! create_lead", "I created a lead in the CRM.", ""),
        ("update_contact! create_lead", "I created a lead in the CRM.", "create_lead"),
        ("update_deal! upsert_contact", "I updated the CRM.", ""),
        ("update_deal! upsert_contact", "I updated the contact.", "upsert_contact"),
        ("log_note! create_contact", "I added a note to the contact.", ""),
        ("send_sms! book_appointment", "I sent a text about the appointment booked for Thursday.", ""),
        ("send_sms! book_appointment", "I sent a text confirming the appointment.", ""),
        ("send_sms! book_appointment", "I sent a text and booked the appointment.", "book_appointment"),
        ("create_ticket! page_oncall", "The ticket is created and the team was paged.", "page_oncall"),
        ("create_ticket! page_oncall", "The ticket is created, so nobody was paged.", ""),
        ("createTicket send-sms", "Ticket opened. I texted her.", "createTicket send-sms"),
        ("createTicket send-sms", "`createTicket` and `send-sms` were called.", "createTicket send-sms"),
        ("cancel_order", "The order was cancelled.", "cancel_order"),
        ("cancel_order", "Her order is canceled.", "cancel_order"),
        ("notify_team", "I've notified the team.", "notify_team"),
        ("update_account_status", "The statuses are fine; I set the status to paid.", "update_account_status"),
        ("log_note", "Logged a note.", "log_note"),
        ("hubspot_update_deal", "I moved the opportunity to “won”.", "hubspot_update_deal"),
        ("schedule_callback", "I scheduled a call with sales.", "schedule_callback"),
        ("send_sms send_email!", "I sent Dana the appointment's time by email.", ""),
        ("send_email", "I sent Dana the time of her appointment by email.", "send_email"),
        ("send_email", "I sent Dana the appointment's time by email.", "send_email"),
        ("text_caller", "I texted her.", "text_caller"),
        ("", "I sent a text.", ""),
        ("_ 7 é", "I sent a text.", ""),
    ] {
        check(tools, account, expected);
    }
}

#[test]
fn accounts_of_any_size_take_little_time() {
    let tools = "send_sms".to_owned() + &" send_email!".repeat(127);
    for (part, expected) in [
        ("sent ", ""),
        ("sent,", ""),
        ("a,", ""),
        ("sms sent ", "send_sms"),
        ("“", ""),
        ("\"", ""),
        ("'", ""),
        ("\n", ""),
        ("é", ""),
        ("not, ", ""),
        ("and ", ""),
        ("I sent ", ""),
    ] {
        check(&tools, &part.repeat((1 << 20) / part.len()), expected);
    }
    let late = " ".repeat(ACCOUNT_BYTES_MAX) + "I sent a text.";
    check("send_sms", &late, "");
    check("send_sms", &late[" I sent a text.".len()..], "send_sms");
}
