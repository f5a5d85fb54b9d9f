//! What a provider may answer, whole or as a stream that is cut anywhere: a reply that the next request can carry, or a word
//! why there is none. The first byte says in which dialect, and into what pieces a stream is cut.
#![no_main]

use aftercall_core::{
    conversation::{Conversation, Dialect, Item, Role},
    model::{Exchange, History, ModelPin, Reply, TurnRequest},
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|answer: &[u8]| {
    let Some((which, body)) = answer.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(*which) % Dialect::ALL.len()];
    let size = usize::from(*which) / Dialect::ALL.len();
    let streamed = aftercall_llm::read_streamed(dialect, [body], 0);
    assert_eq!(streamed, aftercall_llm::read_streamed(dialect, body.chunks(size.max(1)), 0), "a cut changes nothing");
    for reply in [aftercall_llm::read(dialect, 200, body.to_vec(), 0), streamed].into_iter().flatten() {
        goes_on(&reply);
    }
});

/// The next request carries a reply, in each dialect.
fn goes_on(reply: &Reply) {
    let mut conversation = Conversation::new("native".parse().expect("a name"), "c1");
    conversation.items.push(Item::message(Role::User, "Hello."));
    for next in Dialect::ALL {
        let model = ModelPin::new("m", next);
        let exchange = Exchange { reply, results: Vec::new(), objection: Some("Not so.".to_owned()) };
        let request = TurnRequest {
            model: &model,
            conversation: &conversation,
            instruction: "Do the work.",
            tools: &[],
            exchanges: &[exchange],
            history: History::AsWritten,
            words_only: false,
        };
        let body = aftercall_llm::render(&request, aftercall_llm::Delivery::Whole).expect("there are no parameters");
        serde_json::from_slice::<Value>(&body).expect("a body is JSON");
    }
}
