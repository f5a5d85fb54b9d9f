//! A thread, named by the `ts` of the message that began it: seconds since 1970 and a number that makes it unique in its
//! channel (<https://docs.slack.dev/reference/methods/chat.postMessage>).

use aftercall::text_argument;

/// How many digits stand before and behind the point.
const DIGITS: (usize, usize) = (10, 6);

text_argument! {
    /// A thread, such as `1503435956.000247`.
    pub(crate) struct Thread: check_thread, { "type": "string", "pattern": r"^[0-9]{10}\.[0-9]{6}$" }
}

fn check_thread(text: &str) -> Result<(), String> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then_some(part.len());
    let sound = text
        .split_once('.')
        .is_some_and(|(seconds, unique)| digits(seconds).zip(digits(unique)).is_some_and(|counted| counted == DIGITS));
    if sound {
        Ok(())
    } else {
        Err(format!("{text:?} is no thread: give the one that post_message returned, such as 1503435956.000247"))
    }
}
