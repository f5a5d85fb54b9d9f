//! What anybody may send as a history, in each provider's own form too: once it is mended, every dialect has a request for
//! it.
#![no_main]

use aftercall_core::{
    conversation::Dialect,
    model::{History, ModelPin, TurnRequest},
    repair::repair,
};
use aftercall_intake::native;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|payload: &[u8]| {
    let Ok(mut parsed) = native::parse(payload) else { return };
    if repair(&mut parsed.conversation).is_err() {
        return;
    }
    for dialect in Dialect::ALL {
        let _ = aftercall_llm::left_out(&parsed.conversation, dialect);
        let model = ModelPin::new("m", dialect);
        for history in [History::AsWritten, History::Rewritten] {
            let request = TurnRequest {
                model: &model,
                conversation: &parsed.conversation,
                instruction: "Do the work.",
                tools: &[],
                exchanges: &[],
                history,
                words_only: false,
            };
            let body = aftercall_llm::render(&request, aftercall_llm::Delivery::Whole).expect("the parameters of a record are an object");
            serde_json::from_slice::<Value>(&body).expect("a body is JSON");
        }
    }
});
