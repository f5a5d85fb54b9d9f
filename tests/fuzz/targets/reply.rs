//! What a provider may answer: a reply that the next request can carry, or a word why there is none. The first byte says in
//! which dialect.
#![no_main]

use aftercall_core::{
    conversation::{Conversation, Dialect, Item, Role},
    model::{Exchange, History, ModelPin, TurnRequest},
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|answer: &[u8]| {
    let Some((which, body)) = answer.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(*which) % Dialect::ALL.len()];
    let Ok(reply) = aftercall_llm::read(dialect, 200, body.to_vec(), 0) else { return };
    let mut conversation = Conversation::new("native".parse().expect("a name"), "c1");
    conversation.items.push(Item::message(Role::User, "Hello."));
    for next in Dialect::ALL {
        let model = ModelPin { route: "m".to_owned(), model: "m".to_owned(), dialect: next, reasoning: None };
        let exchange = Exchange { reply: &reply, results: Vec::new(), objection: Some("Not so.".to_owned()) };
        let request = TurnRequest {
            model: &model,
            conversation: &conversation,
            instruction: "Do the work.",
            tools: &[],
            exchanges: &[exchange],
            history: History::AsWritten,
            words_only: false,
        };
        let body = aftercall_llm::render(&request).expect("there are no parameters");
        serde_json::from_slice::<Value>(&body).expect("a body is JSON");
    }
});
